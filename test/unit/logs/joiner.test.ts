// Pieces of long lines joined, and lines over the limit cut.
import { expect, it } from 'vitest';
import { maxLineBytes } from '../../../platform/domain/log-line.ts';
import { createJoiner } from '../../../platform/logs/joiner.ts';

function joined() {
  const joiner = createJoiner();
  const lines: { text: string; time: number }[] = [];
  const line = (text: Buffer, start: number, end: number, time: number): void => {
    lines.push({ text: text.toString('utf8', start, end), time });
  };
  const take = (
    text: string,
    options: { terminated?: boolean; stderr?: boolean; time?: number } = {},
  ): void => {
    const bytes = Buffer.from(text);
    joiner.take(
      { text: bytes, length: bytes.length, terminated: true, stderr: false, time: 1, ...options },
      line,
    );
  };
  return { joiner, lines, take, flush: () => joiner.flush(line), texts: () => lines.map((one) => one.text) };
}

it('passes usual lines on, without their carriage return', () => {
  const { take, texts } = joined();
  take('one');
  take('two\r');
  take('');
  take('\r');
  expect(texts()).toEqual(['one', 'two', '', '']);
});

it('joins pieces of one stream, with the time of the first, while the other stream goes on', () => {
  const { take, lines, joiner } = joined();
  take('begin ', { terminated: false, time: 1 });
  take('other', { stderr: true, time: 2 });
  take('middle ', { terminated: false, time: 3 });
  expect(joiner.isOpen()).toBe(true);
  take('end\r', { time: 4 });
  expect(lines).toEqual([
    { text: 'other', time: 2 },
    { text: 'begin middle end', time: 1 },
  ]);
  expect(joiner.isOpen()).toBe(false);
});

it.each([1, 9_999, 10_000, 10_001, 16_384, 20_000, 20_001, 65_536])(
  'keeps every byte of a line of %i',
  (size) => {
    const { take, texts } = joined();
    const text = Array.from({ length: size }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
    for (let at = 0; at + 16_384 < size; at += 16_384)
      take(text.slice(at, at + 16_384), { terminated: false });
    take(text.slice(Math.floor((size - 1) / 16_384) * 16_384));
    expect(texts().join('')).toBe(text);
    expect(texts().map((one) => one.length)).toEqual(
      Array.from({ length: Math.ceil(size / maxLineBytes) }, (_, i) =>
        Math.min(maxLineBytes, size - i * maxLineBytes),
      ),
    );
  },
);

it('cuts between characters', () => {
  const { take, texts } = joined();
  const text = `x${'😀'.repeat(5000)}`;
  take(text);
  expect(texts().join('')).toBe(text);
  for (const one of texts()) expect(Buffer.byteLength(one)).toBeLessThanOrEqual(maxLineBytes);
});

it('goes on from a stored carry, and flushes what has no end', () => {
  const first = joined();
  first.take('half é', { terminated: false, time: 7 });
  first.take('error', { terminated: false, stderr: true, time: 8 });
  const second = joined();
  second.joiner.restore(JSON.parse(JSON.stringify(first.joiner.carry())));
  second.take(' whole');
  second.flush();
  expect(second.lines).toEqual([
    { text: 'half é whole', time: 7 },
    { text: 'error', time: 8 },
  ]);
});
