// Datagrams out: one socket per address family, and one address after the other of those that were judged.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { messageOf } from '../../domain/errors.ts';
import { steadyMs } from '../../domain/time-limit.ts';
import type { Connect } from './connect.ts';

export interface DatagramSender {
  /**
   * @param send gives everything to `hand`, in order; it is called again for the next address where one refuses
   * @throws Error what the last address failed with
   */
  toOne(
    signal: AbortSignal,
    send: (hand: (datagram: Buffer) => Promise<void>) => Promise<void>,
  ): Promise<void>;
  close(): void;
}

export interface DatagramNeeds {
  connect: Pick<Connect, 'resolve'>;
  port: number;
  now?: () => number;
}

/** A name server is not asked for each batch. */
const rememberedMs = 30_000;

export function createDatagramSender({ connect, port, now = steadyMs }: DatagramNeeds): DatagramSender {
  const sockets = new Map<'udp4' | 'udp6', Socket>();
  let known: { addresses: readonly string[]; until: number } | undefined;
  let closed = false;

  async function addresses(signal: AbortSignal): Promise<readonly string[]> {
    if (known && now() < known.until) return known.addresses;
    known = { addresses: (await connect.resolve(signal)).addresses, until: now() + rememberedMs };
    return known.addresses;
  }

  async function socketFor(address: string): Promise<Socket> {
    const family = address.includes(':') ? 'udp6' : 'udp4';
    const open = sockets.get(family);
    if (open) return open;
    const made = createSocket(family);
    // Waited for: what is handed to one that cannot be bound is never heard of again.
    made.bind(0);
    try {
      await once(made, 'listening');
    } catch (error) {
      made.close();
      throw error;
    }
    // That nobody listens is all that could be learnt, and not for sure.
    made.on('error', () => {});
    if (closed) made.close();
    else sockets.set(family, made);
    return made;
  }

  return {
    async toOne(signal, send) {
      let failure: unknown;
      for (const address of await addresses(signal)) {
        try {
          const socket = await socketFor(address);
          return await send((datagram) => handOver(socket, datagram, port, address));
        } catch (error) {
          signal.throwIfAborted();
          failure = error;
          // It may lead elsewhere by now.
          known = undefined;
        }
      }
      throw new Error(`No datagram can be sent: ${messageOf(failure)}.`);
    },
    close() {
      closed = true;
      for (const socket of sockets.values()) socket.close();
      sockets.clear();
    },
  };
}

function handOver(socket: Socket, datagram: Buffer, port: number, to: string): Promise<void> {
  return new Promise((resolve, reject) =>
    socket.send(datagram, port, to, (error) => (error ? reject(error) : resolve())),
  );
}
