// Debian packages beside other buildpacks, on the real engine, and which of them are installed at all.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Builds, type Files, ourBuildpacks, startBuilds } from './builds.ts';
import { runInStack } from './stack.ts';

const _sample = (name: string) => join(ourBuildpacks, 'apt', 'test', name);
/** Debian's archive behind a proxy that nobody answers at. */
const unreachable = { http_proxy: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9' };
const procfile = 'web: sleep 1\n';

let builds: Builds;

beforeAll(async () => {
  builds = await startBuilds();
});
afterAll(() => builds[Symbol.asyncDispose]());

describe('beside other buildpacks', () => {
  const files: Files = {
    '.buildpacks': 'apt\ngo\n',
    Aptfile: 'libqrencode-dev\n',
    'go.mod': 'module a.example/c\n\ngo 1.24\n',
    'main.go': `package main

// #cgo pkg-config: libqrencode
// #include <qrencode.h>
import "C"

func main() { println(C.GoString(C.QRcode_APIVersionString())) }
`,
  };

  test('a library is found by pkg-config and the compiler, and by the program at run time', async () => {
    await builds.images.ensure('build-go');
    for (const from of ['Debian', 'cache']) {
      const { app: tree, lines } = await builds.build(files, { app: 'both' });
      expect(lines.join('\n').includes('from the cache')).toBe(from === 'cache');
      expect(await runInStack(builds, tree, 'bin/c')).toMatch(/^\d+\.\d+\.\d+\n$/);
      // A path of the build would not be there at run time.
      expect(await readFile(join(tree, '.profile.d/apt.sh'), 'utf8')).not.toContain('/tmp/build_');
    }
  }, 300_000);

  test('its trees outlast the node buildpack, which clears up its own', async () => {
    const both: Files = {
      '.buildpacks': 'apt\nnode\n',
      Aptfile: 'jo\n',
      'package.json': '{"engines":{"node":"24.x"},"scripts":{"start":"jo a=1"}}',
    };
    await builds.build(both, { app: 'kept' });
    const { lines, app: tree } = await builds.build(both, { app: 'kept', config: unreachable });
    expect(lines).toContain('       1 package from the cache: jo');
    expect(lines).toContain('       Node and npm come from the cache.');
    expect(await runInStack(builds, tree, 'jo a=1')).toBe('{"a":1}\n');
  });

  test('an app of another language with an Aptfile hears of it', async () => {
    const { lines } = await builds.build({ Aptfile: 'jo\n', 'index.html': '' });
    expect(lines).toContain('       Also recognised: apt. To use others, name them in a .buildpacks file.');
  });
});

test('what the build stack has and the run stack has not is installed; what both have is not', async () => {
  const { app: tree, lines } = await builds.build({ Aptfile: 'ruby\njq\n', Procfile: procfile });
  expect(lines.join('\n')).toMatch(/ {7}libruby\S* /);
  expect(lines.join('\n')).not.toMatch(/ {7}jq /);
  expect(existsSync(join(tree, '.apt/usr/bin/ruby'))).toBe(true);
  const none = await builds.build({ Aptfile: 'jq # there already\n', Procfile: procfile });
  expect(none.lines).toContain('       The run stack has all of it already: jq');
});
