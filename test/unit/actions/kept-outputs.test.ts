// What builds printed: read after a restart, gone on with, kept for the last twenty of an app.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Platform } from '../../../platform/actions/context.ts';
import { forgetOldOutputs } from '../../../platform/actions/garbage.ts';
import { createOutputs, type Outputs } from '../../../platform/actions/output.ts';
import { parseAppName } from '../../../platform/domain/app.ts';
import { openStore, type Store } from '../../../platform/store/store.ts';
import { eventually } from '../../support/wait.ts';

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-outputs-'));
  store = openStore({ folder, create: true });
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

const open = (maxBytes?: number): Outputs => createOutputs(join(folder, 'outputs'), maxBytes);

async function text(outputs: Outputs, id: string): Promise<string | null> {
  const lines = outputs.read(id, AbortSignal.timeout(5000));
  if (!lines) return null;
  let all = '';
  for await (const part of lines) all += part;
  return all;
}

test('a build that begins again goes on with what it had printed', async () => {
  const id = crypto.randomUUID();
  open().open(id).write('before the server was killed');
  await eventually(
    () => text(open(), id),
    (read) => read === 'before the server was killed\n',
  );
  const outputs = open();
  const output = outputs.open(id);
  output.write('afterwards');
  const reading = text(outputs, id);
  output.end();
  expect(await reading).toBe('before the server was killed\nafterwards\n');
  await eventually(
    () => text(open(), id),
    (read) => read === 'before the server was killed\nafterwards\n',
  );
});

test('what a reader sees is in the file by then: after a kill it goes on at the byte where it was', async () => {
  const outputs = open();
  const output = outputs.open('1');
  const file = join(folder, 'outputs', '1.log');
  const reading = outputs.read('1', AbortSignal.timeout(5000))![Symbol.asyncIterator]();
  for (const line of ['one', 'two', 'three']) {
    const next = reading.next();
    output.write(line);
    expect(await next).toEqual({ done: false, value: `${line}\n` });
    expect(readFileSync(file, 'utf8')).toMatch(new RegExp(`${line}\\n$`));
  }
  output.end();
});

test('over its limit the rest is left out, which is said once', async () => {
  const outputs = open(1000);
  const output = outputs.open('1');
  for (let n = 0; n < 100; n++) output.write('x'.repeat(49));
  output.end();
  const lines = (await text(outputs, '1'))!.trimEnd().split('\n');
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toContain('the rest is left out here');
});

test('of an app the last twenty are kept', async () => {
  const userId = store.users.create('ada@example.com').id;
  const [app, other] = ['hello', 'other'].map((name) =>
    store.apps.create(parseAppName(name), userId, 'debian-13'),
  );
  const outputs = open();
  const ids = Array.from({ length: 23 }, () => crypto.randomUUID());
  const made = [...ids.map((id) => [id, app!.id]), ['0'.repeat(36), other!.id]] as [string, string][];
  for (const [id, appId] of made) {
    store.builds.insert({ id, appId, userId, commit: null, stack: 'debian-13' });
    const output = outputs.open(id);
    output.write(id);
    output.end();
  }
  await eventually(
    () => text(open(), ids[22]!),
    (read) => read === `${ids[22]}\n`,
  );
  await forgetOldOutputs({ store, outputs } as unknown as Platform, app!.id);
  // A store that fails is told: nobody waits for this who could.
  const told: unknown[] = [];
  const log = { warn: (facts: unknown) => void told.push(facts) };
  const broken = {
    builds: {
      list: () => {
        throw new Error('the disk is full');
      },
    },
  };
  await forgetOldOutputs({ store: broken, outputs, log } as unknown as Platform, app!.id);
  expect(told).toEqual([{ error: 'the disk is full' }]);
  const left = await Promise.all(made.map(([id]) => text(open(), id)));
  expect(left.map((read) => read !== null)).toEqual([
    ...[false, false, false],
    ...Array.from({ length: 21 }, () => true),
  ]);
});
