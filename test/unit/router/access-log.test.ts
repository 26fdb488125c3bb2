// HAProxy's fields to Heroku's router line, and the stream they come in.
import { expect, test } from 'vitest';
import { createFrames } from '../../../platform/router/access-listener.ts';
import { accessFormat, accessLine } from '../../../platform/router/access-log.ts';

const normal = {
  app: 'id-one',
  time: '1795475862907635',
  end: '--',
  connection: ' conn.flg=0x80000300',
  state: 'up',
  method: 'GET',
  host: 'one.localhost',
  id: '578edcb1-cc5a-43f0-a4ec-4f10e98f935e',
  fwd: '10.1.2.3, 127.0.0.1',
  server: 'web.1:3f2a9c01b7de:31302e',
  TR: '2',
  Tw: '0',
  Tc: '1',
  Ta: '11',
  status: '200',
  bytes: '115',
  length: '13',
  head: '-',
  version: 'HTTP/1.1',
  path: '/a?b=c',
};
const raw = (more: Partial<typeof normal> = {}): string => Object.values({ ...normal, ...more }).join('\t');
const text = (more: Partial<typeof normal> = {}): string | undefined => accessLine(raw(more))?.text;

test("a request as in Heroku's log", () => {
  expect(accessFormat.split('\\t')).toHaveLength(Object.keys(normal).length);
  expect(accessLine(raw())).toEqual({
    appId: 'id-one',
    time: 1_795_475_862_907_635,
    text: 'at=info method=GET path="/a?b=c" host=one.localhost request_id=578edcb1-cc5a-43f0-a4ec-4f10e98f935e fwd="10.1.2.3, 127.0.0.1" dyno=web.1 connect=1ms service=8ms status=200 bytes=13 protocol=http',
  });
});

test.each([
  ['H10', { end: 'LR', state: 'crashed', server: '<NOSRV>' }, 'at=error code=H10 desc="App crashed"', '503'],
  [
    'H14',
    { end: 'LR', state: 'none', server: '<NOSRV>' },
    'at=error code=H14 desc="No web processes running"',
    '503',
  ],
  [
    'H80',
    { end: 'LR', state: 'maintenance', server: '<NOSRV>' },
    'at=error code=H80 desc="Maintenance mode"',
    '503',
  ],
  ['H14 by a gap', { end: 'SC', server: '<NOSRV>', Tc: '-1' }, 'at=error code=H14', '503'],
  ['H12', { end: 'sH', status: '504' }, 'at=error code=H12 desc="Request timeout"', '503'],
  ['H13', { end: 'SH', status: '502' }, 'at=error code=H13 desc="Connection closed without response"', '503'],
  ['H17', { end: 'PH', status: '502' }, 'at=error code=H17 desc="Poorly formatted HTTP response"', '503'],
  ['H18', { end: 'SD' }, 'sock=backend at=error code=H18 desc="Server Request Interrupted"', '503'],
  ['H19', { end: 'sC', Tc: '-1' }, 'at=error code=H19 desc="Backend connection timeout"', '503'],
  ['H21', { end: 'SC', Tc: '-1' }, 'at=error code=H21 desc="Backend connection refused"', '503'],
  ['H24', { end: 'KD' }, 'at=error code=H24 desc="Forced close"', '503'],
  [
    'H15',
    { end: 'CD', connection: ' conn.flg=0x80080300' },
    'at=error code=H15 desc="Idle connection"',
    '503',
  ],
  ['H15 of a WebSocket', { end: 'cD', status: '101' }, 'at=error code=H15', '503'],
  [
    'H27',
    { end: 'CD', connection: ' conn.flg=0x800c0300' },
    'sock=client at=warning code=H27 desc="Client Request Interrupted"',
    '499',
  ],
  ['H27 where flags are unknown', { end: 'CD', connection: '-' }, 'sock=client at=warning code=H27', '499'],
  ['H27 over HTTP/2', { end: 'CD', version: 'HTTP/2.0' }, 'sock=client at=warning code=H27', '499'],
  ['H28', { end: 'cH' }, 'sock=client at=warning code=H28 desc="Client Connection Idle"', '499'],
  ['H99', { end: 'RC' }, 'at=error code=H99 desc="Platform error"', '503'],
] as const)('%s', (_, fields, start, status) => {
  const line = text(fields)!;
  expect(line.startsWith(start)).toBe(true);
  expect(line).toContain(` status=${status} `);
  if ('server' in fields) expect(line).toMatch(/ dyno= connect= service= status=503 bytes= protocol=http$/);
});

test('bytes are of the body', () => {
  const bytes = (more: Partial<typeof normal>): string => / bytes=(\S*) /.exec(text(more)!)![1]!;
  expect(bytes({ length: '-', head: '82', bytes: '115' })).toBe('13');
  expect(bytes({ length: '500', method: 'HEAD' })).toBe('0');
  expect(bytes({ length: '500', status: '304' })).toBe('0');
  expect(bytes({ length: 'x y' })).toBe('0');
  expect(bytes({ end: 'sH', bytes: '91' })).toBe('0');
});

test('quotes in a path stay in it, tabs too; lines that are of no app are nothing', () => {
  expect(text({ path: '/x" status=200\t"y' })).toContain('path="/x%22 status=200\t%22y" host=one.localhost');
  expect(text({ app: '-' })).toBeUndefined();
  expect(accessLine('Server b0/web.1 is UP')).toBeUndefined();
  expect(accessLine('')).toBeUndefined();
});

test('frames are found however the stream is cut, and nonsense is noticed', () => {
  const stream = Buffer.from(`${Buffer.byteLength(raw())} ${raw()}11 Hello\nworld0 3 abc`);
  for (const size of [1, 2, 7, stream.length]) {
    const found: string[] = [];
    const frames = createFrames((frame) => found.push(frame));
    for (let at = 0; at < stream.length; at += size)
      expect(frames.push(stream.subarray(at, at + size))).toBe(true);
    expect(found).toEqual([raw(), 'Hello\nworld', '', 'abc']);
  }
  expect(createFrames(() => {}).push(Buffer.from('GET / HTTP/1.1'))).toBe(false);
  expect(createFrames(() => {}).push(Buffer.from('99999 x'))).toBe(false);
});
