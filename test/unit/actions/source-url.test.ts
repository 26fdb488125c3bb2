// A source that the server fetches: over https, from checked addresses, also where it is sent on to.
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSources, type Sources } from '../../../platform/actions/sources.ts';
import { PlatformError } from '../../../platform/domain/errors.ts';
import { createDownload } from '../../../platform/download.ts';
import { type HttpsServer, startHttpsServer } from '../git/https-server.ts';

let folder: string;
let server: HttpsServer;
let sources: Sources;
let asked: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-source-url-'));
  server = await startHttpsServer();
  asked = [];
  const archive = await archived();
  server.before = (request, response) => {
    if (request.url === '/a.tgz') response.end(archive);
    else if (request.url === '/moved') response.writeHead(302, { location: '/a.tgz' }).end();
    else if (request.url === '/plain') response.writeHead(302, { location: 'http://git.test/a.tgz' }).end();
    else if (request.url === '/inside')
      response.writeHead(302, { location: 'https://inside.test/a.tgz' }).end();
    else response.writeHead(404).end();
    return true;
  };
  sources = createSources({
    folder: join(folder, 'sources'),
    limitBytes: 1_048_576,
    download: createDownload({
      caFile: server.caFile,
      resolve: async ({ hostname, port }) => {
        asked.push(hostname);
        if (hostname === 'inside.test') throw new PlatformError('invalid_params', 'inside.test is ours.');
        return { host: hostname, port: Number(port), addresses: ['127.0.0.1'] };
      },
    }),
  });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function archived(): Promise<Buffer> {
  await writeFile(join(folder, 'Procfile'), 'web: x\n');
  return execFileSync('tar', ['-cz', '-C', folder, 'Procfile']);
}

async function fetched(path: string): Promise<string[]> {
  const into = await mkdtemp(join(folder, 'into-'));
  await sources.provide({
    ...{ buildId: crypto.randomUUID(), url: server.url(path), shownUrl: 'shown', checksum: null, into },
    signal: new AbortController().signal,
    note: () => undefined,
  });
  return await readdir(into);
}

test('from where it is, and from where its server says that it is', async () => {
  expect(await fetched('a.tgz')).toEqual(['Procfile']);
  expect(await fetched('moved')).toEqual(['Procfile']);
  expect(asked).toEqual(['git.test', 'git.test', 'git.test']);
});

test('where it may not be fetched from is refused there too, with the reason', async () => {
  await expect(fetched('plain')).rejects.toThrow(/Only https:\/\/ is fetched from here/);
  await expect(fetched('inside')).rejects.toThrow(/inside\.test is ours/);
  await expect(fetched('missing')).rejects.toMatchObject({
    code: 'build_failed',
    message: expect.stringContaining('There is nothing at that URL.'),
  });
  expect(server.requests.map(({ path }) => path)).toEqual(['/plain', '/inside', '/missing']);
});
