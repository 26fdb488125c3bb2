// The engine's streams taken apart, wherever their chunks are cut.
import { expect, test } from 'vitest';
import { followProgress } from '../../../platform/engine/docker-progress.ts';
import { jsonLines } from '../../../platform/engine/json-lines.ts';
import { createDemultiplexer } from '../../../platform/engine/multiplex.ts';

function frame(kind: 1 | 2, text: string): Buffer {
  const body = Buffer.from(text);
  const head = Buffer.alloc(8);
  head[0] = kind;
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body]);
}

function* cut(whole: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
}

async function* chunks(...parts: (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield Buffer.from(part);
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const each of source) found.push(each);
  return found;
}

test.each([1, 3, 8, 11, 1000])('stdout and stderr come apart in chunks of %i bytes', (size) => {
  const whole = Buffer.concat([frame(1, 'one\n'), frame(2, ''), frame(2, 'bad\n'), frame(1, 'größer\n')]);
  const out = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  const push = createDemultiplexer((kind, piece) => {
    out[kind] = Buffer.concat([out[kind], piece]);
  });
  for (const chunk of cut(whole, size)) push(chunk);
  expect(out.stdout.toString()).toBe('one\ngrößer\n');
  expect(out.stderr.toString()).toBe('bad\n');
});

test.each([1, 2, 5, 1000])('values come one a line in chunks of %i bytes', async (size) => {
  const whole = Buffer.from('{"a":"ä"}\r\n\n{"b":[1,2]}\nnot json\n{"c":null}');
  expect(await all(jsonLines(chunks(...cut(whole, size))))).toEqual([{ a: 'ä' }, { b: [1, 2] }, { c: null }]);
});

test('what the engine breaks off in the middle is left out', async () => {
  expect(await all(jsonLines(chunks('{"a":1}\n{"b":')))).toEqual([{ a: 1 }]);
});

test('progress becomes lines, without the colour of stderr', async () => {
  const lines: string[] = [];
  const source = chunks(
    '{"stream":"Step 1/2 : FROM x\\n"}\n{"status":"Pulling","id":"abc"}\n',
    '{"stream":"\\u001b[91mwar"}\n{"stream":"ning\\n\\u001b[0m"}\n{"stream":"done"}\n',
  );
  await followProgress('build it', source, (line) => lines.push(line));
  expect(lines).toEqual(['Step 1/2 : FROM x', 'warning', 'done']);
});

test('a failed step is told with its last lines', async () => {
  const printed = Array.from({ length: 30 }, (_, at) => `{"stream":"line ${at}\\n"}\n`);
  const failing = followProgress(
    'build the image x',
    chunks(...printed, '{"errorDetail":{"message":"returned a non-zero code: 9"},"error":"…"}\n'),
  );
  await expect(failing).rejects.toMatchObject({ code: 'engine_failed' });
  const message = String(await failing.catch((error: Error) => error.message));
  expect(message).toMatch(/^Could not build the image x: returned a non-zero code: 9\nline 10\n/);
  expect(message.endsWith('line 29')).toBe(true);
});
