// Parts of our buildpacks in a shell of their own, without a build around them.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Files, ourBuildpacks, writeTree } from '../../engine/build/builds.ts';

/** What the script prints when the buildpack's parts are read in as its compile does, in a folder of the test's own. */
export async function runParts(
  folder: string,
  pack: string,
  parts: readonly string[],
  files: Files,
  script: string,
): Promise<string> {
  const place = join(folder, 'place');
  rmSync(place, { recursive: true, force: true });
  // Beside it: build, env and cache, as a build has them.
  await writeTree(place, { 'build/.keep': '', 'env/.keep': '', ...files });
  const lines = [
    'build_dir=$1/build cache_dir=$1/cache config_dir=$1/env pack_dir=$PWD',
    `for part in ${parts.join(' ')}; do source "$pack_dir/lib/$part.sh"; done`,
    script,
  ];
  return execFileSync('/bin/bash', ['-c', lines.join('\n'), 'compile', place], {
    cwd: join(ourBuildpacks, pack),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] },
  });
}
