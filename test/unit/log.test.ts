// The server's own log: one JSON object a line, with what is needed to find out what happened.
import { expect, it } from 'vitest';
import { createLog } from '../../platform/log.ts';

it('says level and time by name, and of an error what it was', () => {
  const lines: string[] = [];
  const log = createLog('info', { write: (line: string) => void lines.push(line) });
  log.debug('not this');
  log.info({ app: 'hello' }, 'app destroyed');
  log.error({ error: new TypeError('x is not a function'), request: 'abc' }, 'request failed');
  log.warn({ error: 'a sentence' }, 'stopping');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/), app: 'hello', msg: 'app destroyed' },
    {
      ...{ level: 'error', time: expect.any(String), request: 'abc', msg: 'request failed' },
      error: {
        type: 'TypeError',
        message: 'x is not a function',
        stack: expect.stringContaining('log.test'),
      },
    },
    { level: 'warn', time: expect.any(String), error: 'a sentence', msg: 'stopping' },
  ]);
  for (const line of lines) expect(line.indexOf('\n')).toBe(line.length - 1);
});
