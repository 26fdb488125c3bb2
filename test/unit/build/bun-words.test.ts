// What Bun prints when it cannot install, as it prints it: a registry that was not reached is none that lacks the package.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runParts } from './buildpack-parts.ts';

it.each([
  ['error: Timeout downloading package manifest ms', /talk to the package registry \(timed out\)[\s\S]*E9 /],
  [
    'error: DEPTH_ZERO_SELF_SIGNED_CERT downloading package manifest ms',
    /talk to the package registry \(certificate not trusted\)[\s\S]*E9 /,
  ],
  ['error: ConnectionRefused downloading package manifest ms', /registry \(connection refused\)[\s\S]*E9 /],
  [
    'error: No version matching "^2.1.3" found for specifier "ms"',
    /ms@\^2\.1\.3, required by bun\.lock, .*[\s\S]*E10 /,
  ],
])('%s', async (line, told) => {
  const folder = mkdtempSync(join(tmpdir(), 'twelve-bun-'));
  try {
    const said = await runParts(
      folder,
      'node',
      ['say', 'config', 'facts', 'registry', 'bun', 'login', 'failures', 'failures-native'],
      {
        said: `bun install v1.4.5 (a7733435c)\nResolving dependencies\n${line}\nerror: ms@^2.1.3 failed to resolve\n`,
      },
      `manager=bun lockfile=bun.lock lifecycle_scripts=''\n(explain_failure 1 'bun install' "$build_dir/../said") || true`,
    );
    expect(said).toMatch(told);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
