// `run` and `ps:exec` over a WebSocket of ours: terminal, window size, signals, end of input, exit status.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { nanoid } from 'nanoid';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { messageOf, PlatformError } from '../domain/errors.ts';
import type { AttachedSession } from '../processes/attached.ts';
import { channel, latestSize, type Relayed, readMessage, relayed, revoked, tell } from './attach-words.ts';
import { beat, keepAlive, usualBeatMs } from './beat.ts';
import { refuseHandshake, refuseUpgrade } from './unreadable.ts';

/** What a caller may come for. */
export interface Offer {
  open(): Promise<AttachedSession>;
  /** Nobody came. */
  discard?(): Promise<void>;
  /** Whether who was offered it still may. Asked when they come, and while they stay. */
  stands?(): boolean;
}

export interface Attachments {
  /** @returns the secret of the URL, good once, for a minute */
  offer(offer: Offer): string;
  /** Takes over an HTTP upgrade; false when the path is not ours. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  close(): void;
}

const offerMs = 60_000;
const goingAway = 1001;
const stopping =
  'The server is being stopped, and what was attached to it ends with that. Run it again when it is back; what must outlive a restart is run detached (twelve run:detached).';
/** Above this the process is not read until the client has caught up. */
const highWater = 1_048_576;
const quietLimitMs = 2000;
const quietStepMs = 50;

export function createAttachments(onProblem: (message: string) => void, beatMs = usualBeatMs): Attachments {
  const offers = new Map<string, { offer: Offer; timer: NodeJS.Timeout }>();
  const server = new WebSocketServer({ noServer: true, maxPayload: 4 * 1_048_576 });
  server.on('wsClientError', (error, socket, { method }) => refuseHandshake(socket, method, error.message));

  return {
    offer(offer) {
      const secret = nanoid(32);
      const timer = setTimeout(() => {
        offers.delete(secret);
        // Nobody came for it, and nobody can any more.
        offer.discard?.().catch((error: unknown) => onProblem(`run: ${messageOf(error)}`));
      }, offerMs);
      timer.unref();
      offers.set(secret, { offer, timer });
      return secret;
    },
    upgrade(request, socket, head) {
      const secret = /^\/attach\/([\w-]{32})$/.exec(request.url ?? '')?.[1];
      if (secret === undefined) return false;
      const found = offers.get(secret);
      try {
        if (!found || found.offer.stands?.() === false) {
          refuseUpgrade(socket, request.method);
          return true;
        }
      } catch (error) {
        // A disk that cannot be read for now. The offer stays.
        refuseUpgrade(socket, request.method, new PlatformError('service_unavailable', messageOf(error)));
        return true;
      }
      // A handshake that fails leaves the offer, and its timer clears the process away.
      server.handleUpgrade(request, socket, head, (client) => {
        clearTimeout(found.timer);
        offers.delete(secret);
        keepAlive(socket, beatMs);
        // A frame that is none, or one too large: ws ends the connection, and the caller counts as gone.
        client.on('error', () => client.terminate());
        attach(client, found.offer, { beatMs, onProblem }).catch((error: unknown) => {
          onProblem(`run: ${messageOf(error)}`);
          tell(client, { type: 'error', message: messageOf(error) });
          client.close();
        });
      });
      return true;
    },
    close() {
      for (const { timer } of offers.values()) clearTimeout(timer);
      for (const client of server.clients) {
        tell(client, { type: 'error', message: stopping });
        client.close(goingAway);
        // Who does not answer is not waited for.
        setTimeout(() => client.terminate(), 200).unref();
      }
      server.close();
    },
  };
}

async function attach(
  client: WebSocket,
  offer: Offer,
  { beatMs, onProblem }: { beatMs: number; onProblem: (message: string) => void },
): Promise<void> {
  // What comes before the process is there waits in the socket.
  client.pause();
  const session = await offer.open();
  tell(client, { type: 'started', name: session.name });
  const resize = latestSize(session.resize);
  client.on('message', (data, binary) => {
    // Nothing more of one who was told to go, and does not.
    if (client.readyState === client.OPEN) fromClient(client, { ...session, resize }, data, binary);
  });
  client.resume();
  const over = Promise.all([
    pump(client, session.stream, channel.stdout),
    session.stderr ? pump(client, session.stderr, channel.stderr) : undefined,
  ]);
  let done = false;
  // The caller is gone: hang up, as a terminal would; what ignores that is ended.
  const hangUp = (): void => {
    if (done) return;
    session.stream.end();
    void session.signal('SIGHUP').catch(() => undefined);
    setTimeout(() => !done && void session.signal('SIGKILL').catch(() => undefined), 10_000).unref();
  };
  if (client.readyState === client.OPEN) client.on('close', hangUp);
  else hangUp();
  const endRevoked = (): void => {
    if (client.readyState !== client.OPEN || offer.stands?.() !== false) return;
    tell(client, { type: 'error', message: revoked });
    client.close();
    // At once, whatever the caller answers to that.
    client.off('close', hangUp);
    hangUp();
  };
  const heart = beat(client, beatMs, endRevoked, onProblem);
  const code = await session.exit.finally(heart.end);
  done = true;
  await delivered(client, session, over);
  tell(client, { type: 'exit', code });
  client.close();
}

/**
 * All of its output first, however slowly its caller takes it. A child that outlives it may keep a stream open: of one
 * that is read and says nothing no more is waited for.
 */
async function delivered(
  client: WebSocket,
  { stream, stderr }: AttachedSession,
  over: Promise<unknown>,
): Promise<void> {
  let open = true;
  const ended = over.finally(() => {
    open = false;
  });
  for (let quietMs = 0; open && client.readyState === client.OPEN && quietMs < quietLimitMs; ) {
    const slow = client.bufferedAmount > 0 || stream.isPaused() || stderr?.isPaused() === true;
    await Promise.race([ended, sleep(quietStepMs)]);
    quietMs = slow ? 0 : quietMs + quietStepMs;
  }
}

function fromClient(
  client: WebSocket,
  session: Relayed & Pick<AttachedSession, 'stream'>,
  data: RawData,
  binary: boolean,
): void {
  if (binary) {
    // A process that does not read slows its caller down instead of filling our memory.
    if (session.stream.write(data as Buffer)) return;
    client.pause();
    session.stream.once('drain', () => client.resume());
    return;
  }
  const message = readMessage(String(data));
  if (message.type === 'eof') session.stream.end();
  else relayed(session, message);
}

function pump(client: WebSocket, stream: NodeJS.ReadableStream, number: number): Promise<void> {
  return new Promise((resolve) => {
    stream.on('data', (part: Buffer) => {
      client.send(Buffer.concat([Buffer.of(number), part]), () => {
        if (client.bufferedAmount < highWater / 2) stream.resume();
      });
      if (client.bufferedAmount > highWater) stream.pause();
    });
    stream.once('end', resolve);
    stream.once('close', resolve);
    stream.on('error', () => resolve());
  });
}
