// Lines of a build's output: whole, readable, masked, in order.
import { describe, expect, test } from 'vitest';
import { createOutput } from '../../../platform/build/output.ts';
import { createMask } from '../../../platform/build/secrets.ts';

function collect(chunks: (string | Uint8Array)[], config: Record<string, string> = {}) {
  const lines: string[] = [];
  const output = createOutput((line) => lines.push(line), createMask(config));
  for (const chunk of chunks) output.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  const held = output.end();
  return { lines, held, output };
}

describe('lines', () => {
  test('come out at once, whole, whatever the chunks; a last one without newline counts', () => {
    const lines: string[] = [];
    const output = createOutput(
      (line) => lines.push(line),
      (line) => line,
    );
    output.push(Buffer.from('one\ntw'));
    expect(lines).toEqual(['one']);
    output.push(Buffer.from('o\r\nthree'));
    expect(lines).toEqual(['one', 'two']);
    expect(output.end()).toEqual([]);
    expect(lines).toEqual(['one', 'two', 'three']);
  });

  test('a progress bar is its last state, however it is cut into chunks', () => {
    expect(collect(['10%\r20%\r', '30%', '\r100% done\n', 'a\rb\r\n']).lines).toEqual(['100% done', 'b']);
  });

  test('split and invalid UTF-8 becomes readable', () => {
    const euro = Buffer.from('€\n');
    expect(
      collect([euro.subarray(0, 1), euro.subarray(1), Buffer.from([0x61, 0xff, 0x62, 0x0a])]).lines,
    ).toEqual(['€', 'a\ufffdb']);
  });

  test('a very long line is cut and says how much is missing', () => {
    const [line] = collect([`${'x'.repeat(100_000)}${'y'.repeat(100_000)}\n`]).lines;
    expect(line).toMatch(/^x{4000}… \(196000 more characters\)$/);
  });

  test('colours stay within their line, other control codes go', () => {
    const { lines } = collect(['\x1b[31mred\nstill red\x1b[0m\nplain\x1b[2K\x07\x1b]0;title\x07\n']);
    expect(lines).toEqual(['\x1b[31mred\x1b[0m', '\x1b[31mstill red\x1b[0m', 'plain']);
  });

  test('endless output is cut, once, with a sentence', () => {
    const { lines } = collect(Array.from({ length: 22 }, () => `${`${'z'.repeat(1023)}\n`.repeat(1024)}`));
    expect(lines.at(-1)).toContain('The output is over 10 MB: the rest is left out, and the build goes on.');
    expect(lines.filter((line) => line.includes('output is over'))).toHaveLength(1);
  });
});

test('what is said beside the output is masked too, and moves no terminal', () => {
  const { output } = collect([], { API_TOKEN: 's3cret-token' });
  expect(output.clean('\x1b[31mneeds\x1b[0m s3cret-token\x1b[2J\x07\nand\x1b]0;title\x07 more')).toBe(
    'needs ********\nand more',
  );
});

describe('what a failure needs', () => {
  test('the ` !` lines at the end are held back for the message; earlier ones are warnings', () => {
    const { lines, held, output } = collect([
      '-----> Step one\n !     careful\n\nmore\n',
      ' !     broken\n !     E7 lockfile-stale\n\n',
    ]);
    expect(lines).toEqual(['-----> Step one', ' !     careful', '', 'more']);
    expect(held).toEqual([' !     broken', ' !     E7 lockfile-stale', '']);
    expect(output.lastStep).toBe('Step one');
  });

  test('running out of memory is noticed, and whether it was what ended the build', () => {
    const words = 'FATAL ERROR: Reached heap limit - JavaScript heap out of memory\n';
    const said = (chunks: string[]) => collect(chunks).output.saidOutOfMemory;
    expect(said([words, 'a stack\n'.repeat(30)])).toBe('at the end');
    expect(said(['MemoryError'])).toBe('at the end');
    expect(said([words, 'with less at once\n'.repeat(100)])).toBe('before');
    expect(said([words, 'with less at once\n'.repeat(100), words])).toBe('at the end');
    expect(said(['fine\n'])).toBe(null);
  });
});

describe('config values that look like credentials', () => {
  test('are hidden: by name, line by line, and as passwords in addresses', () => {
    const { lines } = collect(
      ['s3cret-token k=line-two-of-key postgres://me:hunter22@db/x plain GREETING=hello\n'],
      {
        API_TOKEN: 's3cret-token',
        PRIVATE_KEY: 'first line here\nline-two-of-key\n',
        DATABASE_URL: 'postgres://me:hunter22@db/x',
        GREETING: 'hello',
        AUTHOR: 'plain',
      },
    );
    expect(lines).toEqual(['******** k=******** postgres://me:********@db/x plain GREETING=hello']);
  });

  test('short ones are left alone: they would hide ordinary words', () => {
    expect(collect(['on and off\n'], { SECRET: 'on' }).lines).toEqual(['on and off']);
  });
});
