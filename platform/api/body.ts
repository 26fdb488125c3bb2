// The body of a request as JSON: at most so large, within so much time, and refused at once when it is not.
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { RequestHandler } from 'express';
import { messageOf, PlatformError } from '../domain/errors.ts';

interface BodyLimits {
  bytes: number;
  /** From the head of the request to the end of its body. */
  ms: number;
}

/** Levels of lists and objects; no body that we know has ten. */
const deepest = 100;

const unpackers: Readonly<Record<string, typeof gunzip>> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  deflate: inflate,
  br: brotliDecompress,
};

/** Whatever its type is said to be; without a body there is none. @throws PlatformError `bad_request`, `request_too_large`, `request_timeout` */
export function jsonBody(limits: BodyLimits): RequestHandler {
  return async (request, _response, next) => {
    const { headers } = request;
    if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) {
      const unpacked = await unpack(request, await collect(request, limits), limits.bytes);
      request.body = unpacked.length === 0 ? undefined : parse(unpacked);
    }
    next();
  };
}

/** Not through the stream's own iterator: that would end the connection, and with it the refusal. */
function collect(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      request.off('data', take).off('end', whole).off('close', cut);
      settle();
    };
    const take = (part: Buffer): void => {
      bytes += part.length;
      if (bytes > limits.bytes) end(() => reject(tooLarge(limits.bytes)));
      else parts.push(part);
    };
    const whole = (): void => end(() => resolve(Buffer.concat(parts)));
    const cut = (): void => end(() => reject(unread('it ended before its body did')));
    const timer = setTimeout(() => end(() => reject(tooSlow(limits.ms))), limits.ms);
    if (Number(request.headers['content-length']) > limits.bytes) end(() => reject(tooLarge(limits.bytes)));
    else request.on('data', take).once('end', whole).once('close', cut);
  });
}

async function unpack({ headers }: IncomingMessage, body: Buffer, maxBytes: number): Promise<Buffer> {
  const encoding = String(headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding === 'identity') return body;
  if (!Object.hasOwn(unpackers, encoding))
    throw unread(`unsupported content encoding "${encoding.slice(0, 40)}"; gzip, deflate and br are read`);
  try {
    return (await promisify(unpackers[encoding]!)(body, { maxOutputLength: maxBytes })) as unknown as Buffer;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw unread(`its body is not ${encoding}`);
  }
}

function parse(body: Buffer): unknown {
  // Bytes that are not UTF-8 would be replaced without a word.
  if (!isUtf8(body)) throw unread('its body is not UTF-8');
  const value = parseJson(body);
  if (isDeeper(value, deepest)) throw unread(`its JSON is nested more than ${deepest} deep`);
  return value;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch (error) {
    throw unread(messageOf(error));
  }
}

/** Whoever goes through it later calls itself for each level. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((one) => isDeeper(one, levels - 1));
}

const unread = (why: string): PlatformError =>
  new PlatformError('bad_request', `The request could not be read: ${why}`);

const tooLarge = (bytes: number): PlatformError =>
  new PlatformError('request_too_large', `The request body is larger than ${bytes / 1_048_576} MB.`);

const tooSlow = (ms: number): PlatformError =>
  new PlatformError('request_timeout', `The body of the request did not come within ${ms / 1000} seconds.`);
