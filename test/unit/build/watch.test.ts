// A build that prints nothing for minutes says so itself; one that prints does not.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { usualLimits } from '../../../platform/build/needs.ts';
import { createOutput, type Output } from '../../../platform/build/output.ts';
import { watchBuild } from '../../../platform/build/watch.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-watch-'));
});
afterEach(() => rm(folder, { recursive: true }));

const silenceMs = 200;

it('tells how long nothing was printed, again and again, and no more once it has ended', async () => {
  const lines: string[] = [];
  const threeMinutesAgo = new Date(Date.now() - 181_000);
  const output: Output = { ...createOutput(() => undefined, String), lastAt: threeMinutesAgo };
  const watch = watchBuild(folder, usualLimits, output, (line) => lines.push(line), silenceMs);
  while (lines.length < 2) await sleep(5);
  watch.end();
  const told = [...lines];
  expect(new Set(told)).toEqual(new Set(['       … still running, nothing printed for 3 min']));
  await sleep(2 * silenceMs);
  expect(lines).toEqual(told);
});

it('says nothing while lines come', async () => {
  const lines: string[] = [];
  const output = createOutput(() => undefined, String);
  const patience = 600;
  const watch = watchBuild(folder, usualLimits, output, (line) => lines.push(line), patience);
  for (let n = 0; n < 60; n++) {
    output.push(Buffer.from('a line\n'));
    await sleep(patience / 20);
  }
  watch.end();
  expect(lines).toEqual([]);
});
