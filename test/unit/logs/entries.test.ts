// Decoding single entries of the engine's json-file log.
import { describe, expect, it } from 'vitest';
import { createEntryDecoder } from '../../../platform/logs/entries.ts';

const { decode, entry } = createEntryDecoder();

function decoded(line: string | Buffer) {
  const bytes = Buffer.from(line);
  // With neighbours on both sides, as in a chunk of a file.
  const padded = Buffer.concat([Buffer.from('"}\n'), bytes, Buffer.from('\n{"log":"')]);
  if (!decode(padded, 3, 3 + bytes.length)) return null;
  const { length, terminated, stderr, time } = entry;
  return { text: entry.text.toString('utf8', 0, length), terminated, stderr, time };
}

const time = '2026-11-23T04:00:00.123456789Z';
const micros = Date.parse('2026-11-23T04:00:00Z') * 1000 + 123_456;

describe('entries of the engine', () => {
  it('reads text, stream and time', () => {
    expect(decoded(`{"log":"hello\\n","stream":"stdout","time":"${time}"}`)).toEqual({
      text: 'hello',
      terminated: true,
      stderr: false,
      time: micros,
    });
    expect(decoded(`{"log":"","stream":"stderr","time":"${time}"}`)).toEqual({
      text: '',
      terminated: false,
      stderr: true,
      time: micros,
    });
  });

  it.each([
    ['2026-11-23T04:00:00Z', 0],
    ['2026-11-23T04:00:00.1Z', 100_000],
    ['2026-11-23T04:00:00.000001Z', 1],
    ['2026-11-23T04:00:01.00000199Z', 1_000_001],
    ['2026-11-23T06:00:00.5+02:00', 500_000],
  ])('reads the time %s', (stamp, expected) => {
    const read = decoded(`{"log":"x\\n","stream":"stdout","time":"${stamp}"}`);
    expect(read!.time - (micros - 123_456)).toBe(expected);
  });

  it.each([
    'quote " backslash \\ slash / tab \t return \r bell \u0007 nul \u0000',
    'ends in a backslash \\',
    'ends in backslash and n \\n',
    '{"log":"nested\\n","stream":"stdout","time":"2020-01-01T00:00:00Z"}',
    '","stream":"stderr","time":"',
    'ünïcode € 😀 <b>&amp;</b> \u2028\u2029',
    '',
  ])('gives back what was printed: %j', (text) => {
    for (const end of ['', '\n']) {
      const line = JSON.stringify({ log: text + end, stream: 'stdout', time });
      // The engine escapes these although JSON need not.
      const escaped = line.replace(
        /[<>&\u2028\u2029]/g,
        (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
      for (const form of [line, escaped]) {
        const read = decoded(form);
        expect(read?.text).toBe(text);
        expect(read?.terminated).toBe(end === '\n');
        expect(read?.time).toBe(micros);
      }
    }
  });

  it('reads escaped characters beyond the first plane, and lone halves as the replacement sign', () => {
    expect(
      decoded(`{"log":"\\ud83d\\ude00 \\ud83d \\ude00\\u00e9\\n","stream":"stdout","time":"${time}"}`)?.text,
    ).toBe('😀 \ufffd \ufffdé');
  });

  it('keeps bytes that are not UTF-8 readable', () => {
    const line = Buffer.concat([
      Buffer.from('{"log":"caf'),
      Buffer.from([0xe9]),
      Buffer.from(` latin\\n","stream":"stdout","time":"${time}"}`),
    ]);
    expect(decoded(line)?.text).toBe('caf\ufffd latin');
  });

  it('reads other JSON of the same meaning', () => {
    const expected = { text: 'a"b', terminated: true, stderr: true, time: micros };
    expect(decoded(`{"log":"a\\"b\\n","stream":"stderr","attrs":{"tag":"x"},"time":"${time}"}`)).toEqual(
      expected,
    );
    expect(decoded(`{ "time": "${time}", "stream": "stderr", "log": "a\\"b\\n" }`)).toEqual(expected);
  });

  it.each([
    '',
    '{',
    'null',
    '[]',
    '{"log":5}',
    '{"log":"x\\n","stream":"stdout","time":"2026',
    '{"log":"\\q"}',
  ])('says that %j is no entry', (line) => expect(decoded(line)).toBeNull());
});
