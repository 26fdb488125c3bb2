// What a drain keeps of how far it is: true at every moment at which the server may be killed.
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type AppLog, openAppLog } from '../../../../platform/logs/app-log.ts';
import { createAccount } from '../../../../platform/logs/drains/account.ts';
import { readCursor } from '../../../../platform/logs/drains/cursor-file.ts';
import { createDrain, type Drain } from '../../../../platform/logs/drains/drain.ts';
import type { DrainBatch } from '../../../../platform/logs/drains/target.ts';
import { createFrameBuilder } from '../../../../platform/logs/format.ts';
import { gatherObjects, readForward } from '../../../../platform/logs/reader.ts';
import { temporaryFolder } from '../engine-files.ts';
import { distinct, range, token, until } from './ground.ts';

function openLog(folder: string): AppLog {
  const builders = { general: createFrameBuilder(), router: createFrameBuilder() };
  return openAppLog({ folder: join(folder, 'app'), budgetBytes: 1 << 20, routerShare: 0.25, builders });
}

function print(log: AppLog, count: number, process = 'web.1'): void {
  for (let left = count; left > 0; left -= 100)
    log.append((batch) => {
      for (let i = 0; i < Math.min(left, 100); i++)
        batch.text(process === 'router' ? 'twelve' : 'app', process, ' '.repeat(900));
    });
}

/** A drain whose receiver does what the test says, and that after a failure waits for as long as it is told. */
function openDrain(log: AppLog, path: string, retryMs: number) {
  const stage = {
    batches: [] as DrainBatch[],
    receive: async (_: DrainBatch): Promise<void> => {},
    onClose: () => {},
    onBroken: (_: number) => {},
    drain: undefined as unknown as Drain,
  };
  stage.drain = createDrain({
    ...{ log, path, token, onFailing: () => {}, onProblem: () => {} },
    target: (onBroken) => {
      stage.onBroken = onBroken;
      return {
        ...{ window: 1, lingerMs: 1, repeatable: false },
        async send(batch) {
          await stage.receive(batch);
          stage.batches.push(batch);
        },
        async close() {
          stage.onClose();
        },
      };
    },
    retry: { firstMs: retryMs, mostMs: retryMs, hungMs: 60_000 },
  });
  return stage;
}

const sequencesOf = ({ batches }: { batches: DrainBatch[] }): number[] =>
  batches.flatMap(({ lines }) => lines.flatMap(({ sequence }) => sequence ?? []));

/** How many lines each word of a loss says, from now on: the budget takes these words, too. */
function listen(log: AppLog): { counts: number[]; kept(): number } {
  const counts: number[] = [];
  const reader = readForward(log, log.last(), { process: 'logs' }, gatherObjects());
  log.onAppend(() => {
    for (const { text } of reader.pull(500).lines)
      counts.push(Number(/: (\d+) messages dropped/.exec(text)?.[1]));
  });
  return {
    counts,
    kept() {
      const again = readForward(log, 0, { process: 'logs' }, gatherObjects());
      for (let count = 0; ; ) {
        const { lines, more } = again.pull(500);
        count += lines.length;
        if (!more) return count;
      }
    },
  };
}

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
const down = async (): Promise<void> => {
  throw new Error('down');
};

it('has what is in doubt on the disk at once, and not after the pause', async () => {
  using folder = temporaryFolder();
  const log = openLog(folder.path);
  const path = join(folder.path, 'one.drain');
  const stage = openDrain(log, path, 600_000);
  print(log, 5);
  await until(() => readCursor(path)?.sequence === 5);
  print(log, 15);
  await until(() => readCursor(path)?.sequence === 20);
  stage.receive = () => {
    stage.onBroken(5);
    return down();
  };
  print(log, 20);
  await until(() => stage.drain.status().failure !== null);
  expect(readCursor(path)).toMatchObject({ sequence: 5 });
  await stage.drain.close();
  expect(readCursor(path)).toMatchObject({ sequence: 5, delivered: 5, lost: 0 });
  await log.close();
});

it('keeps what the end of the connection puts in doubt while the server stops', async () => {
  using folder = temporaryFolder();
  const log = openLog(folder.path);
  const path = join(folder.path, 'one.drain');
  const first = openDrain(log, path, 10);
  print(log, 20);
  await until(() => readCursor(path)?.sequence === 20);
  first.onClose = () => first.onBroken(0);
  await first.drain.close();
  expect(readCursor(path)).toMatchObject({ sequence: 0, delivered: 0 });
  const second = openDrain(log, path, 10);
  await until(() => second.drain.status().lag === 0);
  expect(sequencesOf(second)).toEqual(range(1, 20));
  expect(second.drain.status()).toMatchObject({ delivered: 20, lost: 0 });
  await second.drain.close();
  await log.close();
});

it('says a loss once, however often the server starts again while the receiver is away', async () => {
  using folder = temporaryFolder();
  const log = openLog(folder.path);
  const path = join(folder.path, 'one.drain');
  const said = listen(log);
  let stage = openDrain(log, path, 10);
  stage.receive = down;
  for (let round = 0; round < 4; round++) {
    print(log, 3000);
    // Between what is dropped there is what is kept: the router's lines have a budget of their own.
    print(log, 300, 'router');
    await until(() => stage.drain.status().lost > round * 3000);
    const { lost } = stage.drain.status();
    await stage.drain.close();
    stage = openDrain(log, path, 10);
    stage.receive = down;
    await until(() => stage.drain.status().lost >= lost);
    expect(sum(said.counts)).toBe(stage.drain.status().lost);
  }
  stage.receive = async () => {};
  await until(() => stage.drain.status().lag === 0);
  const { delivered, lost } = stage.drain.status();
  expect(sum(said.counts)).toBe(lost);
  expect(sequencesOf(stage)).toEqual(distinct(sequencesOf(stage)));
  expect(delivered + lost + said.kept()).toBe(log.last());
  expect(readCursor(path)).toMatchObject({ told: 0 });
  await stage.drain.close();
  await log.close();
});

it('counts a loss once when it was killed between the word of it and the lines after it', async () => {
  using folder = temporaryFolder();
  const log = openLog(folder.path);
  const [path, copy] = ['one', 'two'].map((name) => join(folder.path, `${name}.drain`)) as [string, string];
  const said = listen(log);
  const killed = openDrain(log, path, 10);
  killed.receive = down;
  print(log, 10);
  await until(() => killed.drain.status().failure !== null);
  print(log, 4000);
  await until(() => killed.drain.status().lost > 0);
  // What was on its way, then the word alone; then nothing is answered any more.
  killed.receive = async () => {
    const [last] = killed.batches.slice(-1);
    if (last?.lines.every(({ sequence }) => sequence === null)) await new Promise<never>(() => {});
  };
  await until(() => killed.batches.some(({ lines }) => lines.every(({ sequence }) => sequence === null)));
  await until(() => readCursor(path)?.lost !== 0);
  copyFileSync(path, copy);
  const next = openDrain(log, copy, 10);
  await until(() => next.drain.status().lag === 0);
  const { delivered, lost } = next.drain.status();
  expect(sum(said.counts)).toBe(lost);
  expect(delivered + lost + said.kept()).toBe(log.last());
  expect(sequencesOf(next)).toEqual(distinct(sequencesOf(next)));
  await next.drain.close();
  await killed.drain.close();
  await log.close();
});

it.each(['goes on', 'starts again'])(
  'says that what was in doubt, and is kept no more, may not have been read: the server %s',
  async (how) => {
    using folder = temporaryFolder();
    const log = openLog(folder.path);
    const path = join(folder.path, 'one.drain');
    const said = listen(log);
    let stage = openDrain(log, path, 10);
    for (let printed = 400; printed <= 4000; printed += 400) {
      print(log, 400);
      await until(() => stage.drain.status().delivered === printed);
    }
    if (how === 'goes on') {
      stage.receive = () => {
        stage.onBroken(50);
        stage.receive = async () => {};
        return down();
      };
    } else {
      stage.onClose = () => stage.onBroken(50);
      await stage.drain.close();
      expect(readCursor(path)).toMatchObject({ sequence: 0, delivered: 0, handed: 4000 });
      stage = openDrain(log, path, 10);
    }
    print(log, 10);
    await until(() => stage.batches.at(-1)?.last === log.last());
    const { delivered, lost } = stage.drain.status();
    expect(lost).toBeGreaterThan(1000);
    expect(sum(said.counts)).toBe(lost);
    expect(delivered + lost + said.kept()).toBe(log.last());
    const notes = stage.batches.flatMap(({ lines }) => lines.filter(({ sequence }) => sequence === null));
    expect(notes.map(({ text }) => text)).toEqual([
      expect.stringMatching(RegExp(`: ${lost} messages dropped: drain ${token} .* may not have read them`)),
    ]);
    await stage.drain.close();
    await log.close();
  },
);

it('counts right after going back, far over batches of one line', async () => {
  using folder = temporaryFolder();
  const log = openLog(folder.path);
  const account = createAccount({ log, path: join(folder.path, 'one.drain'), onProblem: () => {} });
  print(log, 4000);
  const settle = (from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      const line = { time: 0, source: 'app' as const, process: 'web.1', text: '', upTo: i + 1, missed: 0 };
      account.settle({ lines: [{ ...line, sequence: i + 1 }], before: i, last: i + 1, missed: 0 }, 0);
    }
  };
  settle(0, 4000);
  account.doubt(3500);
  expect(account.goBack()).toBe(3500);
  expect(account.counts()).toEqual({ lag: 500, delivered: 3500, lost: 0 });
  settle(3500, 4000);
  account.doubt(1234);
  const far = account.goBack();
  expect(far).toBeLessThanOrEqual(1234);
  expect(far).toBeGreaterThan(1234 - 500);
  expect(account.counts()).toEqual({ lag: 4000 - far, delivered: far, lost: 0 });
  settle(far, 4000);
  expect(account.counts()).toEqual({ lag: 0, delivered: 4000, lost: 0 });
  await log.close();
});

it('is kept anew when its file was taken away', async () => {
  using folder = temporaryFolder();
  const log = openLog(folder.path);
  const path = join(folder.path, 'one.drain');
  const stage = openDrain(log, path, 10);
  print(log, 20);
  await until(() => readCursor(path)?.sequence === 20);
  rmSync(path);
  print(log, 20);
  await until(() => readCursor(path)?.sequence === 40);
  await stage.drain.close();
  await log.close();
});

it('leaves others their turn between batches, however fast its receiver is', async () => {
  using folder = temporaryFolder();
  const log = openLog(folder.path);
  const stage = openDrain(log, join(folder.path, 'one.drain'), 10);
  let turns = 0;
  let over = false;
  const turn = (): void => {
    turns += 1;
    if (!over) setImmediate(turn);
  };
  setImmediate(turn);
  const turnOf: number[] = [];
  stage.receive = async () => void turnOf.push(turns);
  print(log, 1000);
  await until(() => stage.drain.status().delivered === 1000);
  over = true;
  expect(turnOf.length).toBeGreaterThan(2);
  expect(turnOf).toEqual(distinct(turnOf));
  await stage.drain.close();
  await log.close();
});
