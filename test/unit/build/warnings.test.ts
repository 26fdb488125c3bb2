// What a pusher is warned of before the build: secrets by their names and first bytes, names that differ only in case.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { caseWarnings, warningsOf } from '../../../platform/build/warnings.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-warnings-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function put(files: Record<string, string>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n';

test('an environment file and private keys are named, their content is not', async () => {
  await put({
    '.env': 'export API_TOKEN="hunter2secret"\n',
    'deploy/id_rsa': key,
    'tls/server.pem': `-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n${key}`,
    'README.md': 'x',
  });
  const warnings = await warningsOf(folder);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/^\.env, deploy\/id_rsa, tls\/server\.pem look like secrets, .*config:set/);
  expect(warnings[0]).not.toMatch(/hunter2|API_TOKEN|c2VjcmV0/);
});

test('what only looks like it by its name is no secret', async () => {
  await put({
    '.env.example': 'API_TOKEN=change-me\n',
    '.env': '# nothing\nAPI_TOKEN=\n',
    'certificates/ca.pem': '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n',
    'translations/de.key': 'greeting\n',
    'id_rsa.pub': 'ssh-rsa AAAA\n',
    'node_modules/lib/test/key.pem': key,
    'src/environment.ts': 'A=b\n',
  });
  await symlink('/etc/passwd', join(folder, 'id_rsa'));
  expect(await warningsOf(folder)).toEqual([]);
});

test('only of the files that were named, and of many the first', async () => {
  const names = Array.from({ length: 8 }, (_, n) => `key${n}.pem`);
  await put(Object.fromEntries(names.map((name) => [name, key])));
  expect(await warningsOf(folder, ['key3.pem', 'gone.pem'])).toEqual([
    expect.stringMatching(/^key3\.pem looks like a secret,/),
  ]);
  expect((await warningsOf(folder))[0]).toMatch(/^key0\.pem, .*key4\.pem and 3 more look like secrets/);
});

test('names that differ only in case are told in pairs, where they begin to differ', () => {
  const told = caseWarnings(['lib/a.js', 'Lib/b.js', 'Lib/c.js', 'README.md', 'readme.md', 'src/x', 'src/y']);
  expect(told).toEqual([
    expect.stringMatching(/^lib and Lib differ only in upper and lower case: /),
    expect.stringMatching(/^README\.md and readme\.md differ only/),
  ]);
  expect(caseWarnings(['a', 'b/a', 'B', 'c']).length).toBe(1);
  expect(caseWarnings(['a/b', 'a/c', 'a'])).toEqual([]);
});
