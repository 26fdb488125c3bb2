// Pulling by digest from a registry of ours on loopback: what arrives, who is asked, and what a refusal says.
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { arch } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDockerEngine } from '../../../platform/engine/docker.ts';

const suffix = randomBytes(6).toString('hex');
const labels = { 'twelve.test': suffix };
const engine = createDockerEngine({ socketPath: process.env['TWELVE_ENGINE'] || '/var/run/docker.sock' });
const auth = { username: 'engine', password: suffix };
const expected = `Basic ${Buffer.from(`engine:${suffix}`).toString('base64')}`;
const blobs = new Map<string, { type: string; bytes: Buffer }>();
const asked: string[] = [];
let registry: Server;
let host = '';

beforeAll(async () => {
  registry = createServer((request, response) => {
    if (request.headers.authorization !== expected) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="test"' }).end();
      return;
    }
    asked.push(request.url ?? '');
    const blob = blobs.get(request.url?.split('/').at(-1) ?? '');
    if (request.url === '/v2/') response.writeHead(200).end('{}');
    else if (blob) {
      response.writeHead(200, { 'Content-Type': blob.type, 'Content-Length': blob.bytes.length });
      response.end(request.method === 'HEAD' ? undefined : blob.bytes);
    } else
      response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(registry.address() as AddressInfo).port}`;
});

afterAll(() => {
  engine.close();
  registry.closeAllConnections();
  registry.close();
});

function publish(type: string, bytes: Buffer): { mediaType: string; digest: string; size: number } {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  blobs.set(digest, { type, bytes });
  return { mediaType: type, digest, size: bytes.length };
}

/** An image of one file; resolves to its manifest's digest. */
async function publishImage(): Promise<string> {
  const tar = pack();
  tar.entry({ name: 'hello' }, `hello ${suffix}`);
  tar.finalize();
  const layer = publish('application/vnd.oci.image.layer.v1.tar', await buffer(tar));
  const config = {
    architecture: arch() === 'x64' ? 'amd64' : arch(),
    os: 'linux',
    config: { Labels: labels, Cmd: ['/hello'] },
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  };
  const type = 'application/vnd.oci.image.config.v1+json';
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: publish(type, Buffer.from(JSON.stringify(config))),
    layers: [layer],
  };
  return publish(manifest.mediaType, Buffer.from(JSON.stringify(manifest))).digest;
}

test('an image is pulled by digest, used by that name, and removed by it', async () => {
  const reference = `${host}/app@${await publishImage()}`;
  const pulled = await engine.pullImage({ reference, auth });
  expect(pulled.digests).toContain(reference);
  expect(pulled.labels).toEqual(labels);
  expect((await engine.images(labels)).map((image) => image.id)).toEqual([pulled.id]);
  expect((await engine.image(reference))?.id).toBe(pulled.id);

  const id = await engine.create({ name: `twelve-test-${suffix}`, image: reference, labels, env: {} });
  expect((await engine.inspect(id)).imageId).toBe(pulled.id);
  await expect(engine.removeImage(reference)).rejects.toMatchObject({ code: 'conflict' });
  await engine.remove(id);

  const before = asked.length;
  expect((await engine.pullImage({ reference, auth })).id).toBe(pulled.id);
  expect(asked.slice(before).filter((url) => url.includes('/blobs/'))).toEqual([]);
  await engine.removeImage(reference);
  expect(await engine.image(reference)).toBeNull();
});

test('a digest nobody has is not found; a wrong password is refused', async () => {
  const reference = `${host}/app@sha256:${'a'.repeat(64)}`;
  await expect(engine.pullImage({ reference, auth })).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringContaining(`Could not pull the image ${reference}: `),
  });
  const wrong = engine.pullImage({ reference, auth: { ...auth, password: 'wrong' } });
  await expect(wrong).rejects.toMatchObject({ code: expect.stringMatching(/engine_failed|not_found/) });
});
