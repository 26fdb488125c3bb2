// What a pusher is told of the source before anything is built.
import { afterEach, expect, test } from 'vitest';
import { type Builds, startPurposeMade } from './builds.ts';

let builds: Builds;
afterEach(() => builds[Symbol.asyncDispose]());

test('secrets and names that differ only in case come first; the build goes on', async () => {
  builds = await startPurposeMade({
    'null/detect': 'true',
    'null/compile': 'echo compiling',
    'null/release': 'echo "default_process_types: {web: run}"',
  });
  const { lines } = await builds.build({
    '.buildpacks': 'null',
    '.env': 'PASSWORD=hunter2secret\n',
    'keys/id_ed25519': '-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n',
    'Readme.md': '',
    'README.md': '',
  });
  expect(lines.slice(1, 3)).toEqual([
    expect.stringMatching(/^ ! {5}\.env, keys\/id_ed25519 look like secrets, /),
    expect.stringMatching(/^ ! {5}(Readme\.md and README\.md|README\.md and Readme\.md) differ only /),
  ]);
  expect(lines).toContain('compiling');
  expect(lines.join('\n')).not.toMatch(/hunter2|c2VjcmV0/);
});
