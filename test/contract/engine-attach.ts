// Contract: a container's input and output in a caller's hands.
import type { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { Bench } from './engine.ts';

export function attachCases(bench: Bench): void {
  test('input goes in, its end too, and all output comes out, stdout and stderr apart', async () => {
    const id = await bench.create('echoes', { stdin: true });
    const { stream, stderr } = await bench.engine.attach(id, { stdin: true, tty: false });
    const output = Promise.all([read(stream), read(stderr!)]);
    await bench.engine.start(id);
    stream.write('first\n');
    stream.end('second\n');
    expect(await output).toEqual(['first\nsecond\n', 'end of input\n']);
    expect(await bench.engine.wait(id)).toBe(4);
  });

  test('attached before the start, nothing is missed', async () => {
    const id = await bench.create('prints');
    const { stream, stderr } = await bench.engine.attach(id, { stdin: false, tty: false });
    stderr!.resume();
    const output = read(stream);
    await bench.engine.start(id);
    expect(await output).toBe('one\ntwo\nthree\n');
  });
}

async function read(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}
