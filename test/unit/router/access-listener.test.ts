// The socket HAProxy sends its log to: every line once and in order, under load and up to the end.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AccessListener, listenForAccess } from '../../../platform/router/access-listener.ts';

let folder: string;
let listener: AccessListener;
let haproxy: Socket;
const times: number[] = [];
const problems: string[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-access-'));
  times.length = problems.length = 0;
  listener = await listenForAccess({
    path: join(folder, 'access.sock'),
    onAccess: ({ time }) => times.push(time),
    onProblem: (message) => problems.push(message),
  });
  haproxy = connect(join(folder, 'access.sock'));
  await once(haproxy, 'connect');
});
afterEach(async () => {
  haproxy.destroy();
  await listener.close();
  rmSync(folder, { recursive: true });
});

const rest = '--\t-\tid\t127.0.0.1\tweb.1:a:b\t0\t0\t0\t1\t200\t9\t-\t{9}\t{one.localhost||}\tGET / HTTP/1.1';
const frames = (from: number, to: number): string =>
  numbered(from, to)
    .map((time) => `id-one:b0\thttp\t${time}\t${rest}`)
    .map((line) => `${line.length} ${line}`)
    .join('');
const numbered = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Resolves once the kernel has it. */
function send(text: string): Promise<void> {
  return new Promise((resolve, reject) =>
    haproxy.write(text, (error) => (error ? reject(error) : resolve())),
  );
}

test('a flood arrives whole and in order, and single lines after it', async () => {
  for (let from = 1; from <= 40_000; from += 400) await send(frames(from, from + 399));
  await send(frames(40_001, 40_001));
  await expect.poll(() => times.length).toBe(40_001);
  expect(times).toEqual(numbered(1, 40_001));
  expect(problems).toEqual([]);
});

test('what was sent before we close is kept', async () => {
  await send(frames(1, 400));
  await send(frames(401, 800));
  await listener.close();
  expect(times).toEqual(numbered(1, 800));
});

test('a stream that makes no sense is ended, so that it begins again', async () => {
  await send('GET / HTTP/1.1\r\n\r\n');
  await once(haproxy, 'close');
  expect(problems).toHaveLength(1);
});
