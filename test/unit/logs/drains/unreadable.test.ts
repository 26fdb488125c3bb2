// What cannot be read from the disk: a drain that meets it waits, says so, and harms nobody else.
import { mkdirSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readCursor } from '../../../../platform/logs/drains/cursor-file.ts';
import { temporaryFolder } from '../engine-files.ts';
import { createGround, distinct, numbers, range, until } from './ground.ts';
import { startSyslogReceiver } from './syslog-receiver.ts';

it('goes on with the next attempt that can read the log, and loses nothing', async () => {
  using folder = temporaryFolder();
  await using receiver = await startSyslogReceiver();
  await using other = await startSyslogReceiver();
  await using ground = await createGround({ folder: folder.path, budgetBytes: 1 << 20 });
  const filled = ' '.repeat(300);
  for (let i = 0; i < 5; i++) ground.print(i * 200 + 1, i * 200 + 200, filled);
  expect(ground.log.general.segments.length).toBeGreaterThan(2);
  // A closed segment in the middle, so that lines before it were read already.
  const { path, first } = ground.log.general.segments[1]!;
  renameSync(path, `${path}.away`);
  mkdirSync(path);
  const ids = ['one', 'two', 'three'];
  for (const id of ids) {
    writeFileSync(join(folder.path, 'app', `${id}.drain`), '{"sequence":0,"delivered":0,"lost":0}');
    ground.open(`syslog://localhost:${receiver.port}`, { id, token: `d.${id}` });
  }
  ground.open(`syslog://localhost:${other.port}`, { id: 'new' });
  await until(() => ground.drains.ofApp('app').every(({ id, failure }) => id === 'new' || failure !== null));
  expect(ground.status()).toMatchObject({
    lost: 0,
    failure: expect.stringMatching(/^The app's log cannot be read: EISDIR.*\.$/),
  });
  expect(ground.problems.filter((problem) => problem.includes('EISDIR'))).toHaveLength(ids.length);
  // Who has no need of it is not disturbed.
  ground.print(1001, 1001);
  await until(() => other.messages.length === 1);
  rmdirSync(path);
  renameSync(`${path}.away`, path);
  await until(() => ground.drains.ofApp('app').every(({ lag }) => lag === 0));
  for (const id of ids) {
    const mine = () => receiver.messages.filter(({ host }) => host === `d.${id}`);
    await until(() => mine().some(({ text }) => text === '1001'));
    expect(distinct(numbers(mine().map(({ text }) => text)))).toEqual(range(1, 1001));
  }
  expect(first).toBeGreaterThan(1);
  expect(ground.status()).toMatchObject({ delivered: 1001, lost: 0, failure: null });
});

it.each([
  ['nothing in it', ''],
  ['half of it', '{"sequence":12'],
  ['no numbers in it', '{"sequence":null}'],
  ['a folder in its place', null],
])('sends all that is kept again when its place is lost: %s', async (_, text) => {
  using folder = temporaryFolder();
  await using receiver = await startSyslogReceiver();
  await using ground = await createGround({ folder: folder.path, budgetBytes: 1 << 20 });
  for (let i = 0; i < 20; i++) ground.print(i * 500 + 1, i * 500 + 500, ' '.repeat(300));
  const oldest = ground.log.general.segments[0]!.first;
  expect(oldest).toBeGreaterThan(1);
  const path = join(folder.path, 'app', 'one.drain');
  if (text === null) mkdirSync(path);
  else writeFileSync(path, text);
  ground.open(`syslog://localhost:${receiver.port}`);
  await until(() => receiver.messages.some(({ sequence }) => sequence === 10_000));
  expect(receiver.messages.map(({ sequence }) => sequence)).toEqual(range(oldest, 10_000));
  await until(() => ground.status().lag === 0);
  expect(ground.status()).toMatchObject({ delivered: 10_001 - oldest, lost: 0 });
  expect(ground.problems[0]).toContain('How far it had delivered cannot be read');
  if (text === null) expect(ground.problems[1]).toContain('cannot be kept');
  else expect(readCursor(path)).toMatchObject({ sequence: 10_000 });
});
