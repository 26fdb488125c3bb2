// The registry endpoint as an engine uses it, over a real socket.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Digest } from '../../../platform/domain/slug.ts';
import { type Blobs, digestOf, openBlobs } from '../../../platform/slugs/blobs.ts';
import { type Distribution, startDistribution } from '../../../platform/slugs/distribution.ts';
import { imageDocuments, manifestType } from '../../../platform/slugs/image.ts';

let folder: string;
let blobs: Blobs;
let endpoint: Distribution;
const problems: string[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-registry-'));
  blobs = await openBlobs(folder);
  endpoint = await startDistribution({
    blobs,
    address: { host: '127.0.0.1', port: 0 },
    token: 'right',
    onProblem: (message) => problems.push(message),
  });
});
afterEach(async () => {
  await endpoint.close();
  await rm(folder, { recursive: true, force: true });
  expect(problems.splice(0)).toEqual([]);
});

const basic = (token: string): string => `Basic ${Buffer.from(`twelve:${token}`).toString('base64')}`;
const ask = (path: string, init: RequestInit = {}, token = 'right'): Promise<Response> =>
  fetch(`http://${endpoint.address}${path}`, {
    ...init,
    headers: { authorization: basic(token), ...(init.headers as Record<string, string>) },
  });

async function putManifest(): Promise<Digest> {
  const stack = { reference: 'stack', imageId: 'sha256:x', layers: [], env: ['PATH=/bin'] };
  const { config, manifest } = imageDocuments({ stack, layers: [], architecture: 'amd64', instance: 'i' });
  await blobs.putBytes(config);
  return await blobs.putBytes(manifest);
}

test('without the right token nothing is told', async () => {
  const digest = await blobs.putBytes(Buffer.from('layer'));
  for (const path of ['/v2/', `/v2/apps/one/blobs/${digest}`, '/v2/none']) {
    for (const authorization of ['', 'Bearer right', 'Basic !', basic('wrong'), basic('right2'), basic('')]) {
      const response = await ask(path, { headers: { authorization } });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toMatch(/^Basic realm=/);
      expect(await response.json()).toMatchObject({ errors: [{ code: 'UNAUTHORIZED' }] });
    }
  }
  expect((await ask('/v2/')).status).toBe(200);
});

test('manifests come with their type and digest; GET and HEAD agree', async () => {
  const digest = await putManifest();
  const got = await ask(`/v2/instance/app-1/manifests/${digest}`);
  const head = await ask(`/v2/instance/app-1/manifests/${digest}`, { method: 'HEAD' });
  for (const response of [got, head]) {
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(manifestType);
    expect(response.headers.get('docker-content-digest')).toBe(digest);
  }
  const body = await got.text();
  expect(digestOf(body)).toBe(digest);
  expect(head.headers.get('content-length')).toBe(String(body.length));
  expect(await head.text()).toBe('');
});

test('blobs come whole or from where a download broke off', async () => {
  const digest = await blobs.putBytes(Buffer.from('0123456789'));
  const path = `/v2/app/blobs/${digest}`;
  expect(await (await ask(path)).text()).toBe('0123456789');
  const head = await ask(path, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length')]).toEqual([200, '10']);
  const rest = await ask(path, { headers: { range: 'bytes=7-' } });
  expect([rest.status, rest.headers.get('content-range'), await rest.text()]).toEqual([
    206,
    'bytes 7-9/10',
    '789',
  ]);
  expect(await (await ask(path, { headers: { range: 'bytes=2-3' } })).text()).toBe('23');
  expect(await (await ask(path, { headers: { range: 'bytes=8-99' } })).text()).toBe('89');
  expect((await ask(path, { headers: { range: 'bytes=10-' } })).status).toBe(416);
  expect(await (await ask(path, { headers: { range: 'bytes=-3' } })).text()).toBe('0123456789');
});

test('what is not here, no manifest, a tag, another path or a write: each with its code', async () => {
  const blob = await blobs.putBytes(Buffer.from('{"some":"json"}'));
  const code = async (path: string, method = 'GET'): Promise<[number, string]> => {
    const response = await ask(path, { method });
    const body = (await response.json()) as { errors: { code: string }[] };
    return [response.status, body.errors[0]!.code];
  };
  expect(await code(`/v2/app/blobs/${digestOf('none')}`)).toEqual([404, 'BLOB_UNKNOWN']);
  expect(await code(`/v2/app/manifests/${digestOf('none')}`)).toEqual([404, 'MANIFEST_UNKNOWN']);
  expect(await code(`/v2/app/manifests/${blob}`)).toEqual([404, 'MANIFEST_UNKNOWN']);
  expect(await code('/v2/app/manifests/latest')).toEqual([404, 'MANIFEST_UNKNOWN']);
  expect(await code('/v2/app/blobs/..%2f..%2fsecret.key')).toEqual([404, 'BLOB_UNKNOWN']);
  expect(await code('/v2/_catalog')).toEqual([404, 'NAME_UNKNOWN']);
  expect(await code('/v2/app/blobs/uploads/', 'POST')).toEqual([405, 'UNSUPPORTED']);
});

test('a port in use, and an address that is not ours, are said with the setting and what to do', async () => {
  const port = Number(endpoint.address.split(':')[1]);
  const needs = { blobs, token: 't', onProblem: () => undefined };
  const at = (host: string) => startDistribution({ ...needs, address: { host, port } });
  await expect(at('127.0.0.1')).rejects.toThrow(
    `The registry that the engine pulls from cannot listen on 127.0.0.1:${port}: another program uses that port. Stop it, or set TWELVE_REGISTRY to another address.`,
  );
  await expect(at('192.0.2.77')).rejects.toThrow(
    `192.0.2.77:${port}: this machine has no such address. Set TWELVE_REGISTRY to one that it has.`,
  );
});
