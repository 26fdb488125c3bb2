// Engine files that are elsewhere or may not be read are told at the start, with what to do.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { engineFiles, whyUnreadable } from '../../../platform/logs/engine-files.ts';
import { temporaryFolder } from './engine-files.ts';

const nobody = 65_534;

it('finds a file where the folder is seen, and tells once what is wrong with it', () => {
  using folder = temporaryFolder();
  const problems: string[] = [];
  const tell = (problem: string): void => void problems.push(problem);
  const path = '/var/lib/docker/containers/c1/c1-json.log';
  const engine = '/var/lib/docker/containers';
  expect(engineFiles(engine, folder.path, tell)(path)).toBe(`${folder.path}/c1/c1-json.log`);
  expect(problems).toEqual([]);
  expect(engineFiles(join(folder.path, 'x$&'), null, tell)(path)).toBe(path);
  expect(problems).toEqual([expect.stringContaining('x$& are not there')]);
});

it('is content with a folder that it can read', () => {
  using folder = temporaryFolder();
  expect(whyUnreadable(folder.path)).toBeUndefined();
});

it('says where it looked, and how to tell it where to look', () => {
  using folder = temporaryFolder();
  const missing = join(folder.path, 'containers');
  expect(whyUnreadable(missing)).toMatch(
    /the engine's files in \S+\/containers are not there\. .*set TWELVE_ENGINE_CONTAINERS/,
  );
  writeFileSync(missing, '');
  expect(whyUnreadable(missing)).toContain('set TWELVE_ENGINE_CONTAINERS');
});

it('says that it lacks the right', () => {
  using folder = temporaryFolder();
  const closed = join(folder.path, 'containers');
  mkdirSync(closed);
  chmodSync(closed, 0);
  chmodSync(folder.path, 0o755);
  const root = process.getuid?.() === 0;
  if (root) process.seteuid!(nobody);
  try {
    expect(whyUnreadable(closed)).toMatch(/may not be read\. Run the server as root/);
  } finally {
    if (root) process.seteuid!(0);
  }
});
