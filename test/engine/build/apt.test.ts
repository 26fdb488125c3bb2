// The apt buildpack on the real engine: what an Aptfile names is there for later buildpacks and at run time, and nothing else changes.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Builds, ourBuildpacks, startBuilds } from './builds.ts';
import { runInStack } from './stack.ts';

const sample = (name: string) => join(ourBuildpacks, 'apt', 'test', name);
/** Debian's archive behind a proxy that nobody answers at. */
const unreachable = { http_proxy: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9' };
const procfile = 'web: sleep 1\n';

let builds: Builds;

beforeAll(async () => {
  builds = await startBuilds();
});
afterAll(() => builds[Symbol.asyncDispose]());

describe('a program whose library the stack lacks', () => {
  const app = 'qr';

  test('cold: both are installed, and the app answers with what it drew', async () => {
    const { app: tree, lines, tree: built } = await builds.build(sample('qr'), { app });
    expect(lines).toContain('-----> Using buildpack: apt');
    expect(lines).toContain('-----> Installing qrencode');
    expect(lines.join('\n')).toMatch(/ {7}libqrencode4 \S+\n/);
    expect(built.created).toEqual(['.apt', '.profile.d']);
    const start = Object.values(built.processTypes)[0]!;
    expect(await runInStack(builds, tree, start, { web: true })).toContain('##############');
  });

  test('warm: the same packages, without asking anybody', async () => {
    const { app: tree, lines } = await builds.build(sample('qr'), { app, config: unreachable });
    expect(lines.join('\n')).toMatch(/ {7}\d packages from the cache: qrencode/);
    expect(await runInStack(builds, tree, 'qrencode -t ASCII x | head -c 3 | tr -d "\\n" | wc -c')).toMatch(
      /^[1-3]\n$/,
    );
  });

  test('after a day Debian is asked again; when it does not answer, the last packages serve', async () => {
    const folder = join(builds.folder, 'cache', app, 'debian-13_apt');
    const current = await readFile(join(folder, 'current'), 'utf8');
    const checked = join(folder, current, 'apt/checked');
    const [digest, , name] = (await readFile(checked, 'utf8')).split('\n');
    await writeFile(checked, `${digest}\n${Math.floor(Date.now() / 1000) - 90_000}\n${name}\n`);
    const { app: tree, lines } = await builds.build(sample('qr'), { app, config: unreachable });
    expect(lines).toContain(
      "       Debian's package lists cannot be had; going on with the packages of the last build.",
    );
    expect(await runInStack(builds, tree, 'qrencode -t ASCII x | grep -c "##"')).toMatch(/^\d+\n$/);
    const again = await builds.build(sample('qr'), { app });
    expect(again.lines.join('\n')).toMatch(/ {7}\d packages from the cache: qrencode/);
    expect(again.lines.join('\n')).not.toContain('cannot be had');
  });

  test('another Aptfile installs anew, and what it does not name is gone', async () => {
    const { app: tree, lines } = await builds.build({ Aptfile: 'jo\n', Procfile: procfile }, { app });
    expect(lines).toContain('-----> Installing jo');
    expect(await runInStack(builds, tree, 'jo a=1')).toBe('{"a":1}\n');
    expect(existsSync(join(tree, '.apt/usr/bin/qrencode'))).toBe(false);
  });
});

describe('messages', () => {
  const refused = (aptfile: string, config: Record<string, string> = {}) =>
    builds.failure({ Aptfile: aptfile, Procfile: procfile }, { config });

  test('a package that is not there, or not in that version, is E10', async () => {
    expect(await refused('libnosuch12\n')).toMatchObject({
      id: 'E10',
      message: expect.stringMatching(/^libnosuch12, named in Aptfile, is not among the packages/),
    });
    expect(await refused('jo=0.1\n')).toMatchObject({
      id: 'E10',
      message: expect.stringMatching(
        /^jo=0\.1, named in Aptfile, is not to be had.*Remove "=0\.1" from the line\.$/,
      ),
    });
  });

  test("Debian's archive that does not answer is E9", async () => {
    expect(await refused('jo\n', unreachable)).toMatchObject({
      id: 'E9',
      message: expect.stringContaining("could not talk to Debian's archive (connection refused)"),
    });
  });

  test('what is not reached over https, files, and package sources are refused with what to do instead', async () => {
    const plain = await refused('jo\nhttp://me:secret@packages.example/x.deb?token=secret\n');
    expect(plain.message).toBe(
      'Aptfile line 2: "http://packages.example/x.deb" is not reached over https, and nothing else is fetched. Write https://…',
    );
    expect((await refused('./vendor/x.deb\n')).message).toMatch(
      /^Aptfile line 1: "\.\/vendor\/x\.deb" is a file\./,
    );
    const source = await refused(':repo:deb https://x.example/debian trixie main\n');
    expect(source.message).toMatch(
      /^Aptfile line 1: .* adds a package source, which this platform does not do/,
    );
    expect(source.message).toContain('https://<host>/<file>.deb#sha256=<hash>');
  });

  test('a line that is no name, and a file without any', async () => {
    expect((await refused('-o=Dir::Etc=x\n')).message).toMatch(
      /^Aptfile line 1: .* is not the name of a package/,
    );
    expect((await refused('# nothing\n\n')).message).toMatch(/^Aptfile names no package/);
  });
});
