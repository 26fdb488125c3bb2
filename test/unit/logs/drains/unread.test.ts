// What a receiver may not have read: by time while it keeps up, by bytes while it does not.
import { expect, it } from 'vitest';
import { createUnread } from '../../../../platform/logs/drains/unread.ts';

/** Writes whose sequence numbers are bytes, at a clock of their own. */
function createStage() {
  const stage = { clock: 0, bytes: 0 };
  const unread = createUnread(() => stage.clock);
  return Object.assign(stage, {
    unread,
    /** @param waits for so long until the kernel takes it */
    write(size: number, waits = 0): void {
      unread.writing(size, stage.bytes);
      stage.clock += waits;
      unread.written();
      stage.bytes += size;
    },
  });
}

const second = 1000;
const held = 40 << 20;

it('goes back five seconds while the receiver keeps up', () => {
  const stage = createStage();
  for (let i = 0; i < 100; i++) {
    stage.write(1000);
    stage.clock += second;
  }
  expect(stage.unread.since()).toBe(95_000);
  stage.clock += 10 * second;
  expect(stage.unread.since()).toBeUndefined();
});

it('goes back by bytes once a write waits, however long before they were written', () => {
  const stage = createStage();
  for (let i = 0; i < 1000; i++) {
    stage.write(1000);
    stage.clock += 60 * second;
  }
  stage.unread.writing(1000, stage.bytes);
  expect(stage.unread.since()).toBe(1_000_000);
  stage.clock += second;
  expect(stage.unread.since()).toBe(0);
});

it.each([
  ['lines', 150],
  ['batches', 256 * 1024],
])('keeps no more of %s than a connection holds', (_, size) => {
  const stage = createStage();
  const writes = Math.ceil((3 * held) / size);
  for (let i = 0; i < writes; i++) {
    stage.write(size);
    stage.clock += 100;
  }
  const back = stage.bytes - stage.unread.sinceHung()!;
  expect(back).toBeGreaterThanOrEqual(held);
  expect(back).toBeLessThan(held + 2 * 256 * 1024);
});

it('keeps the last five seconds also of more than a connection holds', () => {
  const stage = createStage();
  for (let i = 0; i < 1000; i++) stage.write(256 * 1024);
  expect(stage.unread.since()).toBe(0);
});

it('goes by time again when what lay there is read for sure', () => {
  const stage = createStage();
  stage.write(1000);
  stage.clock += 10 * second;
  stage.write(1000, second);
  stage.clock += 60 * second;
  expect(stage.unread.since()).toBe(0);
  stage.clock += 3600 * second;
  expect(stage.unread.since()).toBeUndefined();
  stage.write(1000);
  expect(stage.unread.since()).toBe(2000);
});

/** The kernel's answer, that so many bytes are not acknowledged. */
const heard = ({ unread }: ReturnType<typeof createStage>, bytes: number, unanswered = false) =>
  unread.asking()({ bytes, unanswered });

it("goes back to what the receiver's machine has not acknowledged, however long before that was written", () => {
  const stage = createStage();
  for (let i = 0; i < 300; i++) {
    stage.write(1000);
    stage.clock += second;
    // It went away after a hundred.
    expect(heard(stage, Math.max(0, i - 99) * 1000)).toBe(i < 100);
  }
  expect(stage.unread.since()).toBeLessThanOrEqual(100_000);
  expect(stage.unread.since()).toBeGreaterThanOrEqual(100_000 - 64 * 1024);
  // It came back and acknowledged all; five seconds later that is read.
  heard(stage, 0);
  stage.clock += 4 * second;
  expect(stage.unread.since()).toBeLessThanOrEqual(100_000);
  stage.clock += 2 * second;
  expect(stage.unread.since()).toBeUndefined();
});

it('takes for acknowledged what was written before the question, and not what came after it', () => {
  const stage = createStage();
  stage.write(1000);
  const answered = stage.unread.asking();
  stage.write(1000);
  expect(answered({ bytes: 0, unanswered: false })).toBe(false);
  expect(heard(stage, 0)).toBe(true);
});

it.each([
  ['whose machine is away', true, 64 * 1024],
  ['that hangs', false, 0],
])('a receiver %s while a write waits', (_, away, from) => {
  const stage = createStage();
  // Together as much as is kept as one.
  stage.write(64 * 1024);
  stage.clock += 60 * second;
  for (let i = 0; i < 10; i++) {
    stage.write(1000);
    stage.clock += second;
  }
  stage.unread.writing(1000, stage.bytes);
  for (let i = 0; i < 30; i++) {
    stage.clock += 2 * second;
    heard(stage, 10_000, away);
  }
  expect(stage.unread.since()).toBe(from);
});
