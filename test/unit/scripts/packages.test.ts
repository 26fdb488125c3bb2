import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const lib = join(import.meta.dirname, '../../../scripts/lib');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-packages-'));
});
afterEach(() => rm(folder, { recursive: true }));

it("installing packages leaves another checkout's alone, which node_modules is a link to", async () => {
  const others = join(folder, 'other/node_modules');
  await mkdir(others, { recursive: true });
  await writeFile(join(others, 'package.js'), '');
  const checkout = join(folder, 'checkout');
  await mkdir(checkout);
  await symlink(others, join(checkout, 'node_modules'));
  // npm as it does it: what is in there goes first.
  const npm = 'npm() { rm -rf node_modules/*; mkdir -p node_modules; touch node_modules/installed; }';
  execFileSync('bash', ['-euo', 'pipefail', '-c', `source ${lib}/node.sh; ${npm}; install_packages`], {
    cwd: checkout,
  });
  expect(existsSync(join(others, 'package.js'))).toBe(true);
  expect((await lstat(join(checkout, 'node_modules'))).isDirectory()).toBe(true);
  expect(existsSync(join(checkout, 'node_modules/installed'))).toBe(true);
});
