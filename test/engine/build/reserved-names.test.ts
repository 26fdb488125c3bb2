// Our own buildpacks import an app's config vars, but none that would break the build itself.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Builds, type Files, startBuilds } from './builds.ts';
import { poisoned } from './poisoned.ts';

let builds: Builds;
beforeAll(async () => {
  builds = await startBuilds();
});
afterAll(() => builds[Symbol.asyncDispose]());

/** What the app's own part of a build sees of them, and of one that it may see. */
const look = `#!/bin/bash\nenv >seen; git --version >git-version; [ "$STACK" = heroku-24 ]\n`;

test.each<[string, Files]>([
  [
    'node',
    {
      'package.json': JSON.stringify({ engines: { node: '24.x' }, scripts: { build: 'bash look' } }),
      'server.js': '',
    },
  ],
  ['python', { 'requirements.txt': 'iniconfig==2.1.0\n', 'bin/post_compile': look, Procfile: 'web: x\n' }],
  [
    'go',
    {
      'go.mod': 'module a.example/x\n\ngo 1.24\n',
      'main.go': 'package main\n\nfunc main() {}\n',
      'bin/go-post-compile': look,
    },
  ],
])('%s builds with all of them', async (_, files) => {
  const config = { ...poisoned, GREETING: 'hello' };
  const { app, lines } = await builds.build({ look, ...files }, { config });
  expect(lines.join('\n')).not.toMatch(/ld\.so|\/nowhere/);
  const seen = await readFile(join(app, 'seen'), 'utf8');
  expect(seen).not.toContain('/nowhere');
  expect(await readFile(join(app, 'git-version'), 'utf8')).toMatch(/^git version /);
});
