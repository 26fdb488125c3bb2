// server:backup where it writes: a file that is there whole or not at all, and that nobody else reads.
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { scriptedApi, temporaryFolder, twelve } from './scripted.ts';

const routes = { 'GET /server/backup': { body: 'all of it' } };

it.each([
  ['of one that was killed', (part: string) => writeFileSync(part, 'half', { mode: 0o644 })],
  ['that leads elsewhere', (part: string, other: string) => symlinkSync(other, part)],
])('a file beside it %s is not written to', async (_what, leave) => {
  await using folder = await temporaryFolder();
  await using api = await scriptedApi(routes);
  const [file, other] = [join(folder.path, 'twelve.tar'), join(folder.path, 'other')];
  writeFileSync(other, '');
  leave(`${file}.part`, other);
  expect(await twelve(['server:backup', file], { url: api.url })).toMatchObject({ status: 0 });
  expect(readFileSync(file, 'utf8')).toBe('all of it');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(other, 'utf8')).toBe('');
});

it('what breaks off leaves nothing, and what was there before stays', async () => {
  await using folder = await temporaryFolder();
  await using api = await scriptedApi({
    'GET /server/backup': (_asked, response) => {
      response.writeHead(200, { 'Content-Length': '1000' }).write('half');
      setTimeout(() => response.destroy(), 50);
      return undefined;
    },
  });
  const file = join(folder.path, 'twelve.tar');
  writeFileSync(file, 'of yesterday');
  const broken = await twelve(['server:backup', file], { url: api.url });
  expect(broken).toMatchObject({ status: 1, err: expect.stringContaining('The backup broke off') });
  expect(readFileSync(file, 'utf8')).toBe('of yesterday');
  expect(existsSync(`${file}.part`)).toBe(false);
});
