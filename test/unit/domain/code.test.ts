// Which lines of an app's log tell of a code, and which only look so.
import { expect, test } from 'vitest';
import { codeIn, codeInWords, codes, errorName } from '../../../platform/domain/code.ts';
import type { LogSource } from '../../../platform/domain/log-line.ts';

const where = 'method=GET path="/" host=a.localhost request_id=1 fwd="127.0.0.1"';

test.each<[LogSource, string, string, ReturnType<typeof codeIn>]>([
  [
    'twelve',
    'router',
    `at=error code=H12 desc="Request timeout" ${where} dyno=web.2 connect=1ms service=30000ms status=503 bytes=0 protocol=http`,
    { code: 'H12', process: 'web.2' },
  ],
  [
    'twelve',
    'router',
    `sock=client at=warning code=H27 desc="Client Request Interrupted" ${where} dyno=web.1 connect=1ms service=3ms status=499 bytes= protocol=http`,
    { code: 'H27', process: 'web.1' },
  ],
  [
    'twelve',
    'router',
    `at=error code=H14 desc="No web processes running" ${where} dyno= connect= service= status=503 bytes= protocol=http`,
    { code: 'H14', process: null },
  ],
  [
    'twelve',
    'router',
    `at=info code=H80 desc="Maintenance mode" ${where} dyno= connect= service= status=503 bytes= protocol=http`,
    { code: 'H80', process: null },
  ],
  [
    'twelve',
    'router',
    `at=info method=GET path="/?at=error code=H12 " ${where} dyno=web.1 connect=1ms service=1ms status=200 bytes=1 protocol=http`,
    null,
  ],
  [
    'twelve',
    'router',
    `at=error code=H98 desc="of a newer version" ${where} dyno= connect= service= status=503 bytes= protocol=http`,
    null,
  ],
  ['twelve', 'web.1', `${errorName('R14')}`, { code: 'R14', process: 'web.1' }],
  [
    'twelve',
    'run.4821',
    `${errorName('R15')} -> The kernel killed a program of it`,
    { code: 'R15', process: 'run.4821' },
  ],
  ['twelve', 'api', 'Release v3 failed: Error R10 (Boot timeout): web.1 did not listen', null],
  ['twelve', 'web.1', 'Error toString (of no code)', null],
  ['app', 'web.1', 'Error R14 (Memory quota exceeded)', null],
  [
    'app',
    'router',
    `at=error code=H12 desc="Request timeout" ${where} dyno=web.1 connect= service= status=503 bytes=`,
    null,
  ],
])('%s[%s]: %s', (source, process, text, found) => {
  expect(codeIn({ source, process, text })).toEqual(found);
});

test('in words; what only a newer server knows stays as it is', () => {
  expect(codeInWords('R10')).toBe('R10 (Boot timeout)');
  expect(codeInWords('X99')).toBe('X99');
  expect(codeInWords('toString')).toBe('toString');
});

test('every code is of a request or of a process', () => {
  for (const code of Object.keys(codes)) expect(code).toMatch(/^[HR]\d\d$/);
});
