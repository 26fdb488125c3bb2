// Sizes of the operator's own: what the setting may hold, and the sentence for what it may not.
import { expect, it } from 'vitest';
import { readConfig } from '../../../platform/config.ts';
import { defaultSizes, findSize } from '../../../platform/domain/formation.ts';
import { sizesWith } from '../../../platform/domain/own-sizes.ts';

it('without the setting there are the defaults, each bigger than the one before', () => {
  expect(sizesWith('')).toEqual(defaultSizes);
  for (const [index, size] of defaultSizes.slice(1).entries()) {
    const before = defaultSizes[index]!;
    expect(size.memoryMb).toBeGreaterThan(before.memoryMb);
    expect(size.cpuShare).toBeGreaterThan(before.cpuShare);
    expect(size.pids).toBeGreaterThan(before.pids);
    expect(size.openFiles).toBeGreaterThanOrEqual(before.openFiles);
  }
});

it("the operator's come after the defaults, and take the place of one of the same name", () => {
  const text = JSON.stringify({
    tiny: { memory: 64, cpu: 0.1, pids: 20, open_files: 256 },
    'standard-2x': { memory: 768 },
  });
  const { sizes } = readConfig({ TWELVE_SIZES: text });
  expect(sizes.map(({ name }) => name)).toEqual([...defaultSizes.map(({ name }) => name), 'tiny']);
  expect(findSize('Tiny', sizes)).toEqual({
    name: 'tiny',
    memoryMb: 64,
    cpuShare: 0.1,
    pids: 20,
    openFiles: 256,
  });
  expect(findSize('standard-2x', sizes)).toMatchObject({ memoryMb: 768, cpuShare: 1.5, pids: 256 });
  expect(() => findSize('huge', sizes)).toThrow(
    'There is no size "huge". Sizes: standard-1x, standard-2x, performance-m, performance-l, tiny.',
  );
});

it.each([
  ['tiny=64', '"tiny=64" is not JSON'],
  ['[1]', 'it is not an object'],
  ['{"tiny":64}', 'tiny is not an object'],
  ['{"Tiny":{"memory":64}}', '"Tiny" is no name for a size'],
  ['{"__proto__":{"memory":64}}', '"__proto__" is no name for a size'],
  ['{"2x":{"memory":64}}', '"2x" is no name for a size'],
  ['{"tiny":{}}', 'tiny does not say its memory'],
  ['{"tiny":{"memory":"64"}}', 'memory of tiny is "64"; it must be a whole number from 16 to 1048576'],
  ['{"tiny":{"memory":8}}', 'memory of tiny is 8; it must be a whole number from 16'],
  ['{"tiny":{"memory":64.5}}', 'memory of tiny is 64.5; it must be a whole number'],
  ['{"tiny":{"memory":64,"cpu":0}}', 'cpu of tiny is 0; it must be a number from 0.01 to 256'],
  ['{"tiny":{"memory":64,"pids":1}}', 'pids of tiny is 1; it must be a whole number from 8'],
  ['{"tiny":{"memory":64,"open_files":3}}', 'open_files of tiny is 3; it must be a whole number from 64'],
  ['{"tiny":{"memory":64,"files":3}}', 'tiny has "files"; it may have memory, cpu, pids, open_files'],
])('%s is refused: %s', (text, sentence) => {
  const read = () => readConfig({ TWELVE_SIZES: text });
  expect(read).toThrow(expect.objectContaining({ code: 'bad_request' }));
  expect(read).toThrow(`TWELVE_SIZES: ${sentence}`);
});
