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
      const failures: Failure[] = [];
      for (const one of addresses) {
        let reached = false;
        try {
          const socket = begin(one).once('connect', () => {
            reached = true;
          });
          return await opened(socket, secure ? 'secureConnect' : 'connect', signal);
        } catch (error) {
          signal.throwIfAborted();
          failures.push({ error, address: one, reached });
        }
      }
      throw new Error(inWords(failures));
    },
  };
}

interface Failure {
  error: unknown;
  address: string;
  /** Somebody listens there: what failed came after that. */
  reached: boolean;
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

/** Of several addresses, what came of the one where the most worked, else of each. */
function inWords(failures: readonly Failure[]): string {
  const telling = failures.find(isOfCertificate) ?? failures.find(({ reached }) => reached);
  if (telling) return isOfCertificate(telling) ? untrusted(telling) : withoutTls(telling);
  const each = failures.map(({ error, address }) => {
    const message = messageOf(error);
    return failures.length === 1 || message.includes(address) ? message : `${address}: ${message}`;
  });
  return `The receiver cannot be reached: ${each.join('; ')}.`;
}

/** What we find wrong with theirs; they may find fault with ours, too, which there is not. */
function isOfCertificate({ error }: Failure): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return !code.includes('_ALERT_') && /CERT|SIGNATURE|ISSUER|SELF_SIGNED/.test(code);
}

function untrusted({ error }: Failure): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  const advice =
    code === 'ERR_TLS_CERT_ALTNAME_INVALID'
      ? "The drain's URL has to call the receiver what its certificate does"
      : code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID'
        ? 'The receiver needs a new one, unless the clock here is wrong'
        : 'Its authority belongs into TWELVE_CA_FILE';
  return `The receiver's certificate is not trusted (${messageOf(error)}). ${advice}; a drain that is added with --insecure takes any.`;
}

function withoutTls({ error, address }: Failure): string {
  const { reason = messageOf(error) } = error as { reason?: string };
  return `The receiver at ${address} can be reached, but not over TLS: ${reason}. Is it a port for TLS, and does it take clients without a certificate?`;
}
