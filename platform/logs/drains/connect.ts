// A connection to where a drain leads: looked up and judged each time anew, and only to the addresses that passed.
import { readFileSync } from 'node:fs';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectSecure, rootCertificates, type TLSSocket } from 'node:tls';
import type { PinnedHost, ResolveSafely } from '../../domain/address.ts';
import { messageOf } from '../../domain/errors.ts';
import { type DrainAddress, isEncrypted } from '../../domain/log-drain.ts';

export interface Connect {
  /** @throws Error a sentence of why not */
  socket(signal: AbortSignal): Promise<Socket>;
  /** For protocols without connections. */
  resolve(signal: AbortSignal): Promise<PinnedHost>;
}

export interface ConnectNeeds {
  address: DrainAddress;
  /** Takes a certificate that cannot be verified. */
  insecure: boolean;
  /** Certificate authorities beside the usual ones, as PEM. */
  caFile: string | null;
  resolve: ResolveSafely;
}

const patienceMs = 10_000;

export function createConnect({ address, insecure, caFile, resolve }: ConnectNeeds): Connect {
  const secure = isEncrypted(address.kind);
  const { port } = address;
  const name = address.url.hostname.replace(/^\[(.*)\]$/, '$1');

  function begin(host: string): Socket {
    if (!secure) return connectPlain({ host, port });
    return connectSecure({
      host,
      port,
      ...(isIP(name) ? {} : { servername: name }),
      ...(caFile ? { ca: [...rootCertificates, readFileSync(caFile, 'utf8')] } : {}),
      rejectUnauthorized: !insecure,
    });
  }

  return {
    resolve: (signal) => resolve(address.url, signal),
    async socket(signal) {
      const { addresses } = await resolve(address.url, signal);
      let failure: unknown;
      for (const one of addresses) {
        try {
          return await opened(begin(one), secure ? 'secureConnect' : 'connect', signal);
        } catch (error) {
          signal.throwIfAborted();
          failure = error;
        }
      }
      throw new Error(inWords(failure), { cause: failure });
    },
  };
}

function opened(socket: Socket | TLSSocket, event: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const settled = (): void => {
      clearTimeout(late);
      signal.removeEventListener('abort', abort);
    };
    const end = (error: Error): void => {
      settled();
      socket.destroy();
      reject(error);
    };
    const abort = (): void => end(signal.reason as Error);
    const late = setTimeout(() => end(new Error(`no answer within ${patienceMs / 1000} s`)), patienceMs);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    socket.on('error', end);
    socket.once('close', () => end(new Error('the connection was closed')));
    socket.once(event, () => {
      settled();
      resolve(socket);
    });
  });
}

function inWords(error: unknown): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (/CERT|SIGNATURE|ISSUER/.test(code) || /certificate/i.test(messageOf(error)))
    return `The receiver's certificate is not trusted (${messageOf(error)}). Its authority belongs into TWELVE_CA_FILE; a drain that is added with --insecure takes any.`;
  return `The receiver cannot be reached: ${messageOf(error)}.`;
}
