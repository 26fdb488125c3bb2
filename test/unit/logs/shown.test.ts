// Lines written from their bytes are what the same lines written as objects are.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { StoredLine } from '../../../platform/domain/log-line.ts';
import { createFrameBuilder, nameOf, readFrame, visitItems } from '../../../platform/logs/format.ts';
import { type LineShape, showLine, showLines } from '../../../platform/logs/shown.ts';

const shapes: LineShape[] = [true, false].flatMap((json) =>
  [true, false].map((events) => ({ json, events })),
);

/** What apps print, with all that means something on the way. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\r',
        '\n',
        '\r\n',
        '\0',
        '"',
        '\\',
        'data: ',
        'id: 7',
        '\u2028',
        'ä',
        '🙂',
        'x'.repeat(200),
      ),
      fc.string({ unit: 'grapheme' }),
    ),
  )
  .map((parts) => Buffer.from(parts.join('')).subarray(0, 10_000).toString());

const line = fc.record(
  {
    time: fc.integer({ min: 0, max: 4e15 }),
    source: fc.constantFrom('app' as const, 'twelve' as const),
    process: fc.stringMatching(/^[a-z]{1,20}(\.\d{1,4})?$/),
    release: fc.integer({ min: 1, max: 1e6 }),
    text,
  },
  { requiredKeys: ['time', 'source', 'process', 'text'] },
);

/** As in a segment. */
function stored(lines: StoredLine[]): Buffer {
  const builder = createFrameBuilder();
  for (const { source, process, release, time, sequence, text } of lines) {
    const bytes = Buffer.from(text);
    builder.line(source, nameOf(process, release), time, sequence, bytes, 0, bytes.length);
  }
  builder.endFrame(0);
  return Buffer.from(builder.frames());
}

it.each(shapes)('json: $json, events: $events', (shape) => {
  const shower = showLines(shape);
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), fc.nat(1e9), (parts, before) => {
      const lines = parts.map((part, index) => ({ ...part, sequence: before + index + 1 }));
      const bytes = stored(lines);
      const frame = readFrame(bytes, 0, bytes.length);
      if (!frame || 'needs' in frame) throw new Error('no frame');
      visitItems(bytes, frame, { line: (sequence, at) => shower.add(bytes, sequence, at) });
      const shown = shower.take();
      expect(Buffer.from(shown.bytes).toString()).toBe(
        lines.map((one) => showLine(shape, one.sequence, one)).join(''),
      );
      expect(shown.time).toBe(lines.at(-1)!.time);
    }),
  );
});

it('a batch of lines of the largest size, and the one after it, are whole', () => {
  const shower = showLines({ json: false, events: true });
  const long = '\r'.repeat(10_000);
  const lines = Array.from({ length: 12 }, (_, index) => ({
    ...{ sequence: index + 1, time: index, source: 'app' as const, process: 'web.1', text: long },
  }));
  const bytes = stored(lines);
  const frame = readFrame(bytes, 0, bytes.length);
  if (!frame || 'needs' in frame) throw new Error('no frame');
  for (let batch = 0; batch < 2; batch++) {
    visitItems(bytes, frame, { line: (sequence, at) => shower.add(bytes, sequence, at) });
    const wanted = lines.map((one) => showLine({ json: false, events: true }, one.sequence, one)).join('');
    expect(Buffer.from(shower.take().bytes).equals(Buffer.from(wanted))).toBe(true);
  }
});
