// The log's budget overtakes a drain: what is lost is counted to the line, and said in the stream and to the receiver.
import { expect, it } from 'vitest';
import { gatherObjects, readForward } from '../../../../platform/logs/reader.ts';
import { temporaryFolder } from '../engine-files.ts';
import { createGround, type Ground, range, token, until } from './ground.ts';
import { type SyslogReceiver, startSyslogReceiver } from './syslog-receiver.ts';

const said =
  /^Error L10 \(output buffer overflow\): (\d+) messages dropped since \d{4}-\S+\+00:00: drain (\S+) /;
const fill = ' '.repeat(300);

/** How many each line says, of this drain. */
const counts = (texts: readonly string[]): number[] =>
  texts.flatMap((text) => {
    const match = said.exec(text);
    return match?.[2] === token ? [Number(match[1])] : [];
  });

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);

function stream({ log }: Ground): string[] {
  const reader = readForward(log, 0, { process: 'logs' }, gatherObjects());
  const texts: string[] = [];
  for (;;) {
    const { lines, more } = reader.pull(1000);
    texts.push(...lines.map(({ text }) => text));
    if (!more) return texts;
  }
}

/** Every sequence number came, was counted as lost, or told of a loss that the receiver knows. */
function expectAccount(ground: Ground, receiver: SyslogReceiver): void {
  const received = new Set(receiver.messages.flatMap(({ sequence }) => sequence ?? []));
  const told = receiver.messages.filter(({ sequence }) => sequence === null).map(({ text }) => text);
  const { lost, delivered, lag } = ground.status();
  expect(lag).toBe(0);
  expect(sum(counts(told))).toBe(lost);
  expect(received.size).toBe(delivered);
  const inStream = ground.log.last() - received.size - lost;
  expect(inStream).toBe(counts(told).length);
  expect(receiver.faults).toEqual([]);
}

it('while the receiver is away: said at once, and where the gap is', async () => {
  using folder = temporaryFolder();
  await using receiver = await startSyslogReceiver();
  await using ground = await createGround({ folder: folder.path, budgetBytes: 1 << 20 });
  ground.open(`syslog://localhost:${receiver.port}`);
  await receiver.stop();
  for (let i = 0; i < 20; i++) ground.print(i * 500 + 1, i * 500 + 500, fill);
  // The receiver is still away.
  await until(() => ground.status().lost > 5000);
  expect(sum(counts(stream(ground)))).toBe(ground.status().lost);
  await receiver.start();
  await until(() => receiver.messages.some(({ text }) => text.startsWith('10000')));
  await until(() => ground.status().lag === 0);
  expectAccount(ground, receiver);
  const note = receiver.messages.findIndex(({ sequence }) => sequence === null);
  expect(receiver.messages[note]).toMatchObject({ app: 'twelve', process: 'logs', host: token });
  const [before, after] = [
    receiver.messages[note - 1]?.sequence ?? 0,
    receiver.messages[note + 1]!.sequence!,
  ];
  expect(after - before - 1).toBe(counts([receiver.messages[note]!.text])[0]);
});

it('while the receiver is slow, and over restarts of ours', async () => {
  using folder = temporaryFolder();
  await using receiver = await startSyslogReceiver();
  await using ground = await createGround({ folder: folder.path, budgetBytes: 1 << 20 });
  ground.open(`syslog://localhost:${receiver.port}`);
  await receiver.stop();
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 10; i++) {
      const from = round * 5000 + i * 500;
      ground.print(from + 1, from + 500, fill);
    }
    await until(() => ground.status().failure !== null && ground.status().lost > round);
    await ground.restart();
  }
  await receiver.start();
  await until(() => receiver.messages.some(({ text }) => text.startsWith('15000')));
  await until(() => ground.status().lag === 0);
  const { delivered, lost } = ground.status();
  const received = new Set(receiver.messages.flatMap(({ sequence }) => sequence ?? []));
  expect(received.size).toBe(delivered);
  expect(lost).toBeGreaterThan(0);
  // What tells of a loss is the stream's, too; it is not sent to whom it is about.
  const own = counts(stream(ground)).length;
  expect(ground.log.last() - delivered - lost).toBe(own);
});

it('while the receiver hangs: said while it does, with why', async () => {
  using folder = temporaryFolder();
  await using receiver = await startSyslogReceiver();
  await using ground = await createGround({ folder: folder.path, budgetBytes: 1 << 20, hungMs: 200 });
  ground.open(`syslog://localhost:${receiver.port}`);
  ground.print(1, 1);
  await until(() => receiver.messages.length === 1);
  receiver.pause();
  // More than the connection holds.
  for (let i = 0; i < 80; i++) {
    const from = 2 + i * 500;
    ground.print(from, from + 499, fill.repeat(3));
    await until(() => ground.status().lag < 2000 || ground.status().failure !== null);
  }
  await until(() => ground.status().failure !== null && ground.status().lost > 10_000);
  expect(ground.status().failure).toMatch(/^The receiver has not taken what was sent 1 s ago: it hangs/);
  expect(new Set(ground.problems).size).toBe(1);
  expect(ground.status().lag).toBeLessThan(3000);
  expect(counts(stream(ground))).not.toEqual([]);
  receiver.resume();
  await until(() => ground.status().lag === 0);
  await until(() => receiver.messages.some(({ text }) => text.startsWith('40001 ')));
  const { delivered, lost, failure } = ground.status();
  expect(failure).toBeNull();
  expect(new Set(receiver.messages.flatMap(({ sequence }) => sequence ?? [])).size).toBe(delivered);
  expect(sum(counts(receiver.messages.map(({ text }) => text)))).toBe(lost);
});

it('tells other drains, and does not tell the one that it is about twice', async () => {
  using folder = temporaryFolder();
  await using receiver = await startSyslogReceiver();
  await using other = await startSyslogReceiver();
  await using ground = await createGround({ folder: folder.path, budgetBytes: 1 << 20 });
  ground.open(`syslog://localhost:${receiver.port}`);
  ground.open(`syslog://localhost:${other.port}`, { id: 'two', token: 'd.other' });
  await receiver.stop();
  for (let i = 0; i < 20; i++) {
    ground.print(i * 300 + 1, i * 300 + 300, fill);
    await until(() => other.messages.some(({ text }) => text.startsWith(`${i * 300 + 300} `)));
  }
  await until(() => ground.drains.ofApp('app')[0]!.lost > 0);
  await receiver.start();
  await until(() => ground.drains.ofApp('app').every(({ lag }) => lag === 0));
  ground.print(6001, 6001);
  await until(() => [receiver, other].every(({ messages }) => messages.some(({ text }) => text === '6001')));
  const { lost } = ground.drains.ofApp('app')[0]!;
  const told = (one: SyslogReceiver): number[] => counts(one.messages.map(({ text }) => text));
  expect(sum(told(receiver))).toBe(lost);
  expect(sum(told(other))).toBe(lost);
  expect(
    other.messages.filter(({ process }) => process === 'web.1').map(({ text }) => Number.parseInt(text, 10)),
  ).toEqual(range(1, 6001));
});
