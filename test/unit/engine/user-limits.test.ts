// What the kernel counts by user: raised where it is lower, left where it is not, and told where it cannot be.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { raiseUserLimits } from '../../../platform/engine/user-limits.ts';

let folder: string;
let told: string[];
const onProblem = (message: string): void => void told.push(message);
const names = [
  'fs/inotify/max_user_instances',
  'fs/inotify/max_user_watches',
  'fs/epoll/max_user_watches',
  'fs/pipe-user-pages-soft',
];
const say = (values: readonly number[]): void =>
  names.forEach((name, nth) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), `${values[nth]}\n`);
  });
const said = (): number[] => names.map((name) => Number(readFileSync(join(folder, name), 'utf8')));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-limits-'));
  told = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

test('what is lower is raised', async () => {
  say([128, 8192, 400_000, 16_384]);
  await raiseUserLimits({ folder, onProblem });
  expect(said()).toEqual([1_048_576, 16_777_216, 1_073_741_824, 0]);
  expect(told).toEqual([]);
});

test('what is higher, or no limit, stays', async () => {
  const high = [2_000_000, 20_000_000, 2_000_000_000, 0];
  say(high);
  await raiseUserLimits({ folder, onProblem });
  expect(said()).toEqual(high);
});

test('what cannot be raised is told once, with the reason; the rest is raised', async () => {
  say([128, 8192, 400_000, 16_384]);
  rmSync(join(folder, names[0]!));
  mkdirSync(join(folder, names[0]!));
  await raiseUserLimits({ folder, onProblem });
  expect(told).toEqual([expect.stringMatching(/\(fs\.inotify\.max_user_instances\).*EISDIR/)]);
  rmSync(join(folder, names[0]!), { recursive: true });
  writeFileSync(join(folder, names[0]!), '0');
  expect(said().slice(1)).toEqual([16_777_216, 1_073_741_824, 0]);
});
