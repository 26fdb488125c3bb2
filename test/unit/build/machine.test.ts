// Which of the registry's Node packages a machine gets, by what `uname -m` says there.
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const runtime = join(import.meta.dirname, '../../../buildpacks/node/lib/runtime.sh');
const script = (does: string) => [
  '-c',
  `source "$1"; machine=$2; uname() { echo "$machine"; }; ${does}`,
  'bash',
  runtime,
];

it.each([
  ['x86_64', 'x64'],
  ['aarch64', 'arm64'],
  ['arm64', 'arm64'],
])('%s: node-linux-%s', (machine, name) => {
  const told = execFileSync('bash', [...script('architecture'), machine], { encoding: 'utf8' });
  expect(told.trim()).toBe(name);
});

it('any other is refused by name, before something is fetched that cannot run there', () => {
  const stubs = 'fail() { echo "$1: $2"; exit 1; }; get_from_any() { echo fetched; }';
  const { status, stdout } = spawnSync('bash', [...script(`${stubs}; resolve_node`), 'riscv64'], {
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stdout.trim()).toBe(
    'E8 unsupported-machine: This server is a riscv64 machine, for which there is no ready-made Node; there is one for x86_64 and aarch64.',
  );
});
