// The read-only registry endpoint that engines pull slugs from: OCI distribution over the blob store, on loopback.
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../domain/errors.ts';
import { type Address, cannotListen } from '../domain/listen-address.ts';
import type { Digest } from '../domain/slug.ts';
import { type Blobs, isDigest } from './blobs.ts';
import { maxManifestBytes, readManifest } from './image.ts';

export interface Distribution {
  /** `127.0.0.1:41234` */
  address: string;
  close(): Promise<void>;
}

export const registryUser = 'twelve';

interface DistributionNeeds {
  blobs: Blobs;
  address: Address;
  token: string;
  onProblem(message: string): void;
}

export async function startDistribution(needs: DistributionNeeds): Promise<Distribution> {
  const server = createServer((request, response) => {
    answer(needs, request, response).catch((error: unknown) => {
      // A puller that went away in the middle is its own business.
      if (!response.destroyed) needs.onProblem(`registry: ${request.url}: ${messageOf(error)}`);
      if (!response.headersSent) refuse(response, 500, 'UNKNOWN', 'the server failed to answer');
      else response.destroy();
    });
  });
  // A pull of a large layer may take long; what is limited is the wait for a request.
  server.requestTimeout = 30_000;
  const { host, port } = needs.address;
  await new Promise<void>((resolve, reject) => {
    const failed = (error: Error): void =>
      reject(
        cannotListen('The registry that the engine pulls from', 'TWELVE_REGISTRY', needs.address, error),
      );
    server.once('error', failed).listen(port, host, () => {
      server.off('error', failed);
      resolve();
    });
  });
  return {
    address: `${host}:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  needs: DistributionNeeds,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
  if (!mayRead(request.headers.authorization, needs.token)) {
    response.setHeader('WWW-Authenticate', 'Basic realm="twelve", charset="UTF-8"');
    return refuse(response, 401, 'UNAUTHORIZED', 'a user and the token of this platform are needed');
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return refuse(response, 405, 'UNSUPPORTED', 'this registry is read-only');
  }
  const path = (request.url ?? '').split('?')[0]!;
  if (path === '/v2' || path === '/v2/')
    return send(request, response, 200, 'application/json', Buffer.from('{}'));
  const match = /^\/v2\/[a-z0-9][a-z0-9._/-]*\/(manifests|blobs)\/([^/]+)$/.exec(path);
  if (!match) return refuse(response, 404, 'NAME_UNKNOWN', 'no such path in this registry');
  const [, kind, reference] = match as unknown as [string, 'manifests' | 'blobs', string];
  const unknown = kind === 'manifests' ? 'MANIFEST_UNKNOWN' : 'BLOB_UNKNOWN';
  if (!isDigest(reference)) return refuse(response, 404, unknown, 'only digests are known here, no tags');
  const size = await needs.blobs.size(reference);
  if (size === null) return refuse(response, 404, unknown, `${reference} is not here`);
  response.setHeader('Docker-Content-Digest', reference);
  response.setHeader('ETag', `"${reference}"`);
  if (kind === 'blobs') return await sendBlob(needs.blobs, request, response, reference, size);
  const bytes = size <= maxManifestBytes ? await needs.blobs.bytes(reference) : Buffer.alloc(0);
  const manifest = readManifest(bytes);
  if (!manifest) return refuse(response, 404, unknown, `${reference} is no manifest`);
  send(request, response, 200, manifest.mediaType, bytes);
}

async function sendBlob(
  blobs: Blobs,
  request: IncomingMessage,
  response: ServerResponse,
  digest: Digest,
  size: number,
): Promise<void> {
  const range = rangeOf(request.headers.range, size);
  if (range === 'outside') {
    response.setHeader('Content-Range', `bytes */${size}`);
    return refuse(response, 416, 'UNSUPPORTED', 'the range lies outside the blob');
  }
  const headers = { 'Content-Type': 'application/octet-stream', 'Accept-Ranges': 'bytes' };
  if (range) {
    response.writeHead(206, {
      ...headers,
      'Content-Range': `bytes ${range.start}-${range.end}/${size}`,
      'Content-Length': range.end - range.start + 1,
    });
  } else {
    response.writeHead(200, { ...headers, 'Content-Length': size });
  }
  if (request.method === 'HEAD' || size === 0) return void response.end();
  await pipeline(blobs.stream(digest, range), response);
}

/** `bytes=100-` and `bytes=100-199`, which engines use to go on after a broken download; other forms get all of it. */
function rangeOf(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'outside' | undefined {
  const match = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(header ?? '');
  if (!match) return undefined;
  const start = Number(match[1]);
  const end = match[2] ? Math.min(Number(match[2]), size - 1) : size - 1;
  return start > end ? 'outside' : { start, end };
}

/** Any user name with our token; compared by hashes in constant time, so that length does not show either. */
function mayRead(header: string | undefined, token: string): boolean {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? '')?.[1];
  if (!encoded) return false;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const given = pair.slice(pair.indexOf(':') + 1);
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(token));
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  type: string,
  body: Buffer,
): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': body.length });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  const body = Buffer.from(JSON.stringify({ errors: [{ code, message }] }));
  response.removeHeader('Docker-Content-Digest');
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
