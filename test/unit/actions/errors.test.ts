// Codes are counted as the log tells: how often, when first and last, of which process the last one.
import { expect, test } from 'vitest';
import { countCodes } from '../../../platform/actions/errors.ts';
import { errorName } from '../../../platform/domain/code.ts';
import type { LogFilter, StoredLine } from '../../../platform/domain/log-line.ts';
import type { Logs } from '../../../platform/logs/logs.ts';

const line = (time: number, process: string, text: string): StoredLine => ({
  sequence: time,
  time,
  source: 'twelve',
  process,
  text,
});
const request = (code: string, dyno: string): string =>
  `at=error code=${code} desc="…" method=GET path="/" dyno=${dyno} connect= service= status=503 bytes=`;

test('counts by code', async () => {
  const asked: [string, LogFilter][] = [];
  const logs = {
    read: async (appId: string, query: { filter: LogFilter }) => {
      asked.push([appId, query.filter]);
      return [
        line(1, 'router', request('H12', 'web.1')),
        line(2, 'web.1', 'State changed from starting to up'),
        line(3, 'web.1', errorName('R14')),
        line(4, 'router', request('H12', 'web.2')),
        line(5, 'router', request('H14', '')),
      ];
    },
  } as unknown as Logs;
  expect(await countCodes({ logs }, { id: 'app' })).toEqual([
    { code: 'H12', count: 2, firstAt: 1, lastAt: 4, lastProcess: 'web.2' },
    { code: 'R14', count: 1, firstAt: 3, lastAt: 3, lastProcess: 'web.1' },
    { code: 'H14', count: 1, firstAt: 5, lastAt: 5, lastProcess: null },
  ]);
  expect(asked).toEqual([['app', { source: 'twelve' }]]);
});
