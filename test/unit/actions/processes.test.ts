// A process is found by its name or id; of two with one name the one that is up.
import { expect, test } from 'vitest';
import type { Platform } from '../../../platform/actions/context.ts';
import { findProcess, listProcesses } from '../../../platform/actions/processes.ts';
import { parseAppName } from '../../../platform/domain/app.ts';
import type { ProcessState, ProcessStatus } from '../../../platform/domain/process.ts';

const app = { id: 'app', name: parseAppName('hello') };
const one = (id: string, name: string, state: ProcessState) => ({ id, name, state }) as ProcessStatus;

const platformWith = (found: ProcessStatus[]): Platform =>
  ({
    processes: { status: () => found },
    oneOffs: { list: async () => [one('run', 'run.4821', 'up')] },
    figures: { codeOf: (id: string) => (id === 'run' ? 'R15' : null) },
  }) as unknown as Platform;

test.each([
  ['the old one first', [one('old', 'web.1', 'down'), one('new', 'web.1', 'up')]],
  ['the new one first', [one('new', 'web.1', 'up'), one('old', 'web.1', 'down')]],
])('while the one before ends its requests, its name is that of the new one: %s', async (_, found) => {
  const platform = platformWith(found);
  expect((await findProcess(platform, app, 'web.1')).id).toBe('new');
  // Who means the other says so by its id.
  expect((await findProcess(platform, app, 'old')).id).toBe('old');
  expect((await findProcess(platform, app, 'run.4821')).id).toBe('run');
});

test('what figures tell of a process is its code, unless it has one of its own', async () => {
  const crashed = { ...one('web', 'web.1', 'crashed'), code: 'R10' as const };
  const all = await listProcesses(platformWith([crashed]), app);
  expect(all.map(({ name, code }) => [name, code])).toEqual([
    ['web.1', 'R10'],
    ['run.4821', 'R15'],
  ]);
});

test('where none is up it is found all the same', async () => {
  const platform = platformWith([one('only', 'web.1', 'starting')]);
  expect((await findProcess(platform, app, 'web.1')).id).toBe('only');
  await expect(findProcess(platform, app, 'web.2')).rejects.toThrow('hello runs no process "web.2"');
});
