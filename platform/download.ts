// A file over https from an address that a user named: from exactly what was checked, redirects checked anew, limited.
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { rootCertificates } from 'node:tls';
import {
  type Download,
  type DownloadLimits,
  fetchableUrl,
  type PinnedHost,
  type ResolveSafely,
} from './domain/address.ts';
import { messageOf, PlatformError } from './domain/errors.ts';

export interface DownloadNeeds {
  resolve: ResolveSafely;
  /** Certificate authorities beside the usual ones, as PEM. */
  caFile: string | null;
  idleMs?: number;
}

const maxRedirects = 5;
const usualIdleMs = 60_000;

export function createDownload(needs: DownloadNeeds): Download {
  return async (url, limits) => {
    try {
      return limited(await follow(needs, url, limits), limits);
    } catch (error) {
      limits.signal.throwIfAborted();
      throw error instanceof PlatformError ? error : refuse(inWords(error), error);
    }
  };
}

/** The first answer that is no redirect. A login goes to the host it was written for, and to no other. */
async function follow(needs: DownloadNeeds, first: URL, limits: DownloadLimits): Promise<IncomingMessage> {
  let url = first;
  for (let left = maxRedirects; ; left--) {
    const pinned = await needs.resolve(url, limits.signal);
    const answer = await ask(needs, url, pinned, limits.signal);
    const { statusCode = 0, headers } = answer;
    if (statusCode === 200) return answer;
    answer.destroy();
    if (![301, 302, 303, 307, 308].includes(statusCode) || !headers.location)
      throw refuse(status(statusCode));
    if (left === 0) throw refuse(`It was sent on more than ${maxRedirects} times.`);
    if (!URL.canParse(headers.location, url.href)) throw refuse('It was sent on to what is no URL.');
    const next = fetchableUrl(new URL(headers.location, url.href).href);
    if (next.host === url.host && !next.username) {
      next.username = url.username;
      next.password = url.password;
    }
    url = next;
  }
}

function ask(
  { caFile, idleMs = usualIdleMs }: DownloadNeeds,
  url: URL,
  { addresses }: PinnedHost,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const login = `${decoded(url.username)}:${decoded(url.password)}`;
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
        port: url.port || 443,
        path: url.pathname + url.search,
        headers: { Accept: '*/*', 'User-Agent': 'twelve', Host: url.host },
        ...(login === ':' ? {} : { auth: login }),
        ...(caFile ? { ca: [...rootCertificates, readFileSync(caFile, 'utf8')] } : {}),
        // Whatever a name leads to by now: only what was checked.
        lookup: (_host, options, done) =>
          options.all ? done(null, found) : done(null, found[0]!.address, found[0]!.family),
        agent: false,
        timeout: idleMs,
        signal,
      },
      resolve,
    );
    asked.on('timeout', () => asked.destroy(refuse(`Its server was silent for ${idleMs / 1000} s.`)));
    asked.on('error', reject);
    asked.end();
  });
}

/** A percent sign that begins nothing stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function* limited(
  answer: IncomingMessage,
  { maxBytes, signal }: DownloadLimits,
): AsyncGenerator<Buffer> {
  const megabytes = Math.floor(maxBytes / 1_048_576);
  if (Number(answer.headers['content-length'] ?? 0) > maxBytes) {
    answer.destroy();
    throw refuse(`It is larger than ${megabytes} MB.`);
  }
  let size = 0;
  try {
    for await (const piece of answer as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > maxBytes) throw refuse(`It is larger than ${megabytes} MB.`);
      yield piece;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof PlatformError ? error : refuse(inWords(error), error);
  } finally {
    answer.destroy();
  }
}

function status(code: number): string {
  if (code === 401 || code === 403)
    return 'Its server asks for a login, or does not accept the one in its URL: https://<user>:<token>@<host>/<path>.';
  return code === 404 ? 'There is nothing at that URL.' : `Its server answers with status ${code}.`;
}

function inWords(error: unknown): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (/CERT|SIGNATURE|ISSUER/.test(code) || /certificate/i.test(messageOf(error)))
    return `The certificate of its server is not trusted (${messageOf(error)}). Authorities of your own belong into TWELVE_CA_FILE.`;
  return `Its server cannot be reached: ${messageOf(error)}.`;
}

function refuse(sentence: string, cause?: unknown): PlatformError {
  return new PlatformError('build_failed', sentence, {}, cause === undefined ? {} : { cause });
}
