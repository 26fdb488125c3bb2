// Real buildpacks of others, unmodified, one after the other: for whoever has clones of them (CONTRIBUTING, Tests).
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Builds, type Files, startBuilds } from '../engine/build/builds.ts';
import { runInStack, textsOf } from '../engine/build/stack.ts';
import { type Elsewhere, startElsewhere } from '../support/elsewhere.ts';

const names = ['heroku-buildpack-apt', 'heroku-buildpack-run', 'heroku-buildpack-inline'] as const;

let elsewhere: Elsewhere;
let builds: Builds;

beforeAll(async () => {
  const folder = process.env['THIRD_PARTY_BUILDPACKS'];
  const there = folder ? await readdir(folder) : [];
  const missing = names.filter((name) => !there.includes(name));
  if (!folder || missing.length > 0)
    throw new Error(`THIRD_PARTY_BUILDPACKS has to name a folder with clones of ${missing.join(', ')}.`);
  elsewhere = await startElsewhere();
  builds = await startBuilds({ fetchers: elsewhere.fetchers });
  for (const name of names) {
    const files = Object.entries(await textsOf(join(folder, name)));
    const content = files.filter(([path]) => !path.startsWith('.git/'));
    await elsewhere.remote.repository(`${name}.git`, Object.fromEntries(content));
  }
});
afterAll(async () => {
  await builds?.[Symbol.asyncDispose]();
  await elsewhere?.[Symbol.asyncDispose]();
});

/** The versions of inline differ in where an app's own buildpack is. */
const inline = {
  detect: '#!/bin/sh\necho Own\n',
  compile: '#!/bin/sh\necho "compiled with $(command -v tree)"\n',
  release: '#!/bin/sh\necho "default_process_types: {web: python3 -m http.server}"\n',
};
const app: Files = {
  '.buildpacks': '',
  Aptfile: 'tree\n',
  'buildpack-run.sh': '#!/bin/bash\necho ran >made.txt\n',
  ...Object.fromEntries(
    Object.entries(inline).flatMap(([name, text]) => [
      [`bin/${name}`, text],
      [`buildpack/bin/${name}`, text],
    ]),
  ),
};

test('detect, compile, release, export and .profile.d of three, cold and from their own cache', async () => {
  const list = names.map((name) => elsewhere.remote.url(`${name}.git`)).join('\n');
  for (const round of ['cold', 'warm']) {
    const {
      app: tree,
      lines,
      tree: built,
    } = await builds.build({ ...app, '.buildpacks': list }, { app: 'one' });
    const log = lines.join('\n');
    for (const name of ['Apt', 'Run', 'Own']) expect(lines).toContain(`-----> ${name} app detected`);
    expect(log).toContain('tree');
    // What apt exports is seen by those that follow, what it writes to .profile.d by the app.
    expect(log).toMatch(/compiled with \/tmp\/build_[^/]+\/\.apt\/usr\/bin\/tree/);
    expect(built.processTypes).toEqual({ web: 'python3 -m http.server' });
    expect(built.created).toEqual(expect.arrayContaining(['.apt', '.profile.d', 'made.txt']));
    expect(await runInStack(builds, tree, 'command -v tree; tree --version >/dev/null && cat made.txt')).toBe(
      '/app/.apt/usr/bin/tree\nran\n',
    );
    if (round === 'warm') expect(log).toContain('       Build cache: restored');
  }
});
