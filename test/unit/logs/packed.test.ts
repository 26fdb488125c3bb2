// Lines on their way to the log router's thread: what goes in comes out, in its order.
import { expect, it } from 'vitest';
import { createPacker, type PackedLines, type PlatformLine, unpack } from '../../../platform/logs/packed.ts';

const line = (appId: string, process: string, text: string, time = 1): PlatformLine => ({
  ...{ appId, source: process.startsWith('web') ? 'app' : 'twelve', process, text, time },
});

/** As after a message to another thread. */
function unpacked(packed: PackedLines): PlatformLine[][] {
  return [...unpack(structuredClone(packed))].map((run) => {
    const lines: PlatformLine[] = [];
    run.each((source, name, time, text, start, end) =>
      lines.push({
        appId: run.appId,
        source,
        process: `${name}`,
        text: text.toString('utf8', start, end),
        time,
      }),
    );
    expect(lines).toHaveLength(run.count);
    return lines;
  });
}

it('gives lines back by runs of one app, whatever the texts are', () => {
  const packer = createPacker();
  const first = [
    line('a', 'router', 'one', 1.5),
    line('a', 'api', ''),
    line('a', 'router', 'ünï 😀 \uFFFD', 1e15),
  ];
  const second = [line('b', 'router', 'of another app')];
  for (const one of [...first, ...second, ...first]) packer.add(one);
  expect(packer.count()).toBe(7);
  expect(unpacked(packer.take())).toEqual([first, second, first]);
  expect(packer.count()).toBe(0);
  expect(unpacked(packer.take())).toEqual([]);
});

it('makes several lines of one text where it has line ends', () => {
  const packer = createPacker();
  packer.add(line('a', 'api', 'one\r\ntwo\n\nthree\r'));
  expect(unpacked(packer.take())[0]!.map(({ text }) => text)).toEqual(['one', 'two', '', 'three\r']);
});

it('takes any number of lines of any length, and its next batch is not touched by an earlier one', () => {
  const packer = createPacker();
  const many = Array.from({ length: 5000 }, (_, index) => line(`app-${index % 7}`, 'web.1', `${index}`));
  const long = line('a', 'web.1', '€'.repeat(300_000));
  for (const one of [...many, long]) packer.add(one);
  const packed = packer.take();
  packer.add(line('z', 'api', 'later'));
  expect(unpacked(packed).flat()).toEqual([...many, long]);
  expect(unpacked(packer.take())).toEqual([[line('z', 'api', 'later')]]);
});
