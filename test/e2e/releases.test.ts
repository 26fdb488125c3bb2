// Releases over the API with Heroku's own client; secrets on disk; what garbage collection keeps and what it takes.
import { type Dirent, existsSync } from 'node:fs';
import { readdir, readFile, utimes } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppRepository, must } from '../support/app-repository.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { eventually } from '../support/wait.ts';

interface HerokuClient {
  get<T>(path: string, options?: object): Promise<T>;
  post<T>(path: string, options?: object): Promise<T>;
  patch<T>(path: string, options?: object): Promise<T>;
}
interface Release {
  id: string;
  version: number;
  status: string;
  current: boolean;
  slug: { id: string } | null;
}

// It brings no types.
const Heroku = createRequire(import.meta.url)('heroku-client') as new (options: object) => HerokuClient;
const secret = 'a-secret-that-must-stay-one-7f3a9c';

let platform: TestPlatform;
let app: AppRepository;
let heroku: HerokuClient;

beforeAll(async () => {
  platform = await startPlatform({ TWELVE_KEEP_RELEASES: '2', TWELVE_STOP_TIMEOUT: '5' });
  heroku = new Heroku({ host: platform.url, token: platform.token });
  app = await platform.createApp('ledger', 'misbehaving');
  await platform.push(app);
});
afterAll(() => platform?.[Symbol.asyncDispose]());

const twelve = (...args: string[]) => platform.cli(args, { cwd: app.folder });

test("Heroku's client library works unmodified", async () => {
  expect(await heroku.get('/account')).toMatchObject({ email: 'admin@localhost' });
  expect(await heroku.get<unknown[]>('/apps')).toEqual([expect.objectContaining({ name: 'ledger' })]);
  const changed = await heroku.patch('/apps/ledger/config-vars', { body: { GREETING: 'hi' } });
  expect(changed).toMatchObject({ GREETING: 'hi' });
  const [newest] = await eventually(
    async () => (await heroku.get<Release[]>('/apps/ledger/releases')).sort((a, b) => b.version - a.version),
    ([first]) => first?.status !== 'pending',
  );
  expect(newest).toMatchObject({ version: 3, status: 'succeeded', current: true });
  expect(await heroku.get<unknown[]>('/apps/ledger/formation')).toEqual(
    expect.arrayContaining([expect.objectContaining({ type: 'web', quantity: 1 })]),
  );
  expect(await heroku.get<unknown[]>('/apps/ledger/dynos')).toContainEqual(
    expect.objectContaining({ name: 'web.1', state: 'up', release: { id: newest!.id, version: 3 } }),
  );
  await expect(heroku.get('/apps/absent')).rejects.toMatchObject({
    statusCode: 404,
    body: { id: 'not_found', resource: 'app' },
  });
  await expect(new Heroku({ host: platform.url, token: 'wrong' }).get('/apps')).rejects.toMatchObject({
    statusCode: 401,
  });
});

test('Bearer and Basic, ranges and request ids', async () => {
  const basic = `Basic ${Buffer.from(`:${platform.token}`).toString('base64')}`;
  expect((await platform.api('GET', '/account', undefined, { Authorization: basic })).status).toBe(200);
  const page = await platform.api<Release[]>('GET', '/apps/ledger/releases', undefined, {
    Range: 'version ..; max=2, order=desc',
  });
  expect(page.status).toBe(206);
  expect(page.body.map((release) => release.version)).toEqual([3, 2]);
  const rest = await platform.api<Release[]>('GET', '/apps/ledger/releases', undefined, {
    Range: page.headers.get('next-range')!,
  });
  expect(rest.status).toBe(200);
  expect(rest.body.map((release) => release.version)).toEqual([1]);
  expect(page.headers.get('request-id')).toMatch(/^[\w-]{20,}$/);
  const old = await platform.api('GET', '/apps', undefined, {
    Accept: 'application/vnd.heroku+json; version=2',
  });
  expect(old.status).toBe(406);
});

test('a config value is in no file of the data folder, readable as it is', async () => {
  await must(twelve('config:set', `SECRET_KEY=${secret}`));
  expect((await twelve('run', 'echo $SECRET_KEY')).stdout.trim()).toBe(secret);
  await app.commit({ 'notes.txt': 'built with the secret in the config\n' });
  await platform.push(app);
  expect(await filesWith(platform.dataFolder, secret)).toEqual([]);
  expect(platform.serverOutput()).not.toContain(secret);
  expect((await twelve('logs', '-n', '1500')).stdout).not.toContain(secret);
  expect((await twelve('releases')).stdout).toContain('Set SECRET_KEY config vars');
});

test('a slug that no kept release names is collected, and a rollback to it is refused with the reason', async () => {
  const blobs = async (version: number): Promise<string[]> => {
    const release = await heroku.get<Release>(`/apps/ledger/releases/${version}`);
    const slug = await heroku.get<{ layers: { digest: string }[] }>(`/apps/ledger/slugs/${release.slug!.id}`);
    return slug.layers.map((layer) => join(platform.dataFolder, 'blobs', layer.digest.replace(':', '/')));
  };
  const first = await blobs(2);
  expect(first.every(existsSync)).toBe(true);
  await app.commit({ 'notes.txt': 'one more\n' });
  await platform.push(app);
  await app.commit({ 'notes.txt': 'and another\n' });
  await aDayPasses();
  await platform.push(app);
  const serving = await blobs(7);
  const onlyFirst = first.filter((path) => !serving.includes(path));
  expect(onlyFirst.length).toBeGreaterThan(0);
  await eventually(
    () => onlyFirst.filter(existsSync),
    (left) => left.length === 0,
  );
  expect(serving.every(existsSync)).toBe(true);

  const refused = await twelve('rollback', 'v2');
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain('The slug of v2 was removed by garbage collection');
  expect((await twelve('rollback', 'v6')).status).toBe(0);
  expect((await platform.visit('ledger')).text).toBe('web.1 v8\n');
  // The record itself stays.
  expect((await twelve('releases')).stdout).toMatch(/v2 +Deploy/);
});

/** Blobs are collected only when they have not been used for a while. */
async function aDayPasses(): Promise<void> {
  const folder = join(platform.dataFolder, 'blobs', 'sha256');
  const yesterday = new Date(Date.now() - 86_400_000);
  for (const name of await readdir(folder)) await utimes(join(folder, name), yesterday, yesterday);
}

async function filesWith(folder: string, text: string): Promise<string[]> {
  const entries = await everything(folder);
  const found: string[] = [];
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path).catch(() => Buffer.alloc(0));
    if (bytes.includes(text)) found.push(path);
  }
  return found;
}

/** A build's folder may be cleared away while it is listed: then it is listed again. */
async function everything(folder: string): Promise<Dirent[]> {
  for (;;) {
    try {
      return await readdir(folder, { recursive: true, withFileTypes: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}
