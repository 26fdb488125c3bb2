// HAProxy's fields to Heroku's router line, and the stream they come in.
import { expect, test } from 'vitest';
import { createFrames } from '../../../platform/router/access-listener.ts';
import { accessFormat, accessLine } from '../../../platform/router/access-log.ts';

const normal = {
  place: 'id-one:b0',
  protocol: 'http',
  time: '1795475862907635',
  end: '--',
  connection: ' conn.flg=0x80000300',
  id: '578edcb1-cc5a-43f0-a4ec-4f10e98f935e',
  client: '127.0.0.1',
  server: 'web.1:3f2a9c01b7de:31302e',
  TR: '2',
  Tw: '0',
  Tc: '1',
  Ta: '11',
  status: '200',
  bytes: '115',
  head: '-',
  length: '{13}',
  headers: '{one.localhost|10.1.2.3|}',
  line: 'GET /a?b=c HTTP/1.1',
};
const raw = (more: Partial<typeof normal> = {}): string => Object.values({ ...normal, ...more }).join('\t');
const text = (more: Partial<typeof normal> = {}): string | undefined => accessLine(raw(more))?.text;

test("a request as in Heroku's log", () => {
  expect(accessFormat('http').split('\\t')).toHaveLength(Object.keys(normal).length);
  expect(accessLine(raw())).toEqual({
    appId: 'id-one',
    time: 1_795_475_862_907_635,
    text: 'at=info method=GET path="/a?b=c" host=one.localhost request_id=578edcb1-cc5a-43f0-a4ec-4f10e98f935e fwd="10.1.2.3, 127.0.0.1" dyno=web.1 connect=1ms service=8ms status=200 bytes=13 protocol=http',
    status: 200,
    serviceMs: 8,
    code: null,
  });
});

test('a line of a router that the first version started says no protocol, and is plain HTTP', () => {
  const { protocol, ...without } = normal;
  expect(protocol).toBe('http');
  expect(accessLine(Object.values(without).join('\t'))).toEqual(accessLine(raw()));
});

test('over TLS it says https; who is sent there from plain HTTP asked no process', () => {
  expect(text({ protocol: 'https' })).toMatch(/ status=200 bytes=13 protocol=https$/);
  const sent = { place: 'id-one:secure:b0', end: 'LR', server: '<NOSRV>', Tw: '-1', Tc: '-1', status: '308' };
  expect(text(sent)).toMatch(
    /^at=info method=GET .* dyno= connect= service= status=308 bytes=0 protocol=http$/,
  );
  expect(text({ ...sent, place: 'id-one:secure:crashed:b0' })).toMatch(/^at=info .* status=308 /);
});

test.each([
  [
    'H10',
    { end: 'LR', place: 'id-one:crashed:b0', server: '<NOSRV>' },
    'at=error code=H10 desc="App crashed"',
    '503',
  ],
  [
    'H14',
    { end: 'LR', place: 'id-one:none:b0', server: '<NOSRV>' },
    'at=error code=H14 desc="No web processes running"',
    '503',
  ],
  [
    'H80',
    { end: 'LR', place: 'id-one:maintenance:b0', server: '<NOSRV>' },
    'at=info code=H80 desc="Maintenance mode"',
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
  [
    'H27 over HTTP/2',
    { end: 'CD', line: 'GET https://one.localhost/ HTTP/2.0' },
    'sock=client at=warning code=H27',
    '499',
  ],
  ['H28', { end: 'cH' }, 'sock=client at=warning code=H28 desc="Client Connection Idle"', '499'],
  ['H99', { end: 'RC' }, 'at=error code=H99 desc="Platform error"', '503'],
] as const)('%s', (_, fields, start, status) => {
  const line = text(fields)!;
  expect(line.startsWith(start)).toBe(true);
  expect(line).toContain(` status=${status} `);
  if ('server' in fields) expect(line).toMatch(/ dyno= connect= service= status=503 bytes= protocol=http$/);
});

test('how long a connection was tried that did not come to be', () => {
  const tried = { end: 'sC', TR: '2', Tw: '3', Tc: '-1', Ta: '5006' };
  expect(text(tried)).toMatch(/ dyno=web\.1 connect=5001ms service= status=503 bytes= /);
  expect(text({ ...tried, server: '<NOSRV>' })).toMatch(/ dyno= connect= service= status=503 bytes= /);
});

test('bytes are of the body', () => {
  const bytes = (more: Partial<typeof normal>): string => / bytes=(\S*) /.exec(text(more)!)![1]!;
  expect(bytes({ length: '{}', head: '82', bytes: '115' })).toBe('13');
  expect(bytes({ length: '{500}', line: 'HEAD / HTTP/1.1' })).toBe('0');
  expect(bytes({ length: '{500}', status: '304' })).toBe('0');
  expect(bytes({ length: '{x y}' })).toBe('0');
  expect(bytes({ end: 'sH', bytes: '91' })).toBe('0');
});

test('the path is what was asked for, and nothing in it ends its field', () => {
  const path = (line: string): string => / path="([^"]*)" host=one\.localhost /.exec(text({ line })!)![1]!;
  expect(path('GET /x#22 status=200#09#22y HTTP/1.1')).toBe('/x%22 status=200%09%22y');
  expect(path('GET /a#23b#C3#A9 HTTP/1.1')).toBe('/a#b%C3%A9');
  expect(path('GET http://one.localhost:8080/a?b HTTP/1.1')).toBe('/a?b');
  expect(path('OPTIONS * HTTP/1.1')).toBe('*');
  // Cut at the longest line.
  expect(path(`GET /${'long'.repeat(500)}`)).toBe(`/${'long'.repeat(500)}`);
  expect(path('GET /HTTP/1.1 HTTP/1.0')).toBe('/HTTP/1.1');
});

test('the host as one of ours, the client behind others that passed the request on', () => {
  const line = (headers: string): string => text({ headers })!;
  expect(line('{One.LOCALHOST:8080||}')).toContain(' host=one.localhost ');
  expect(line('{one.localhost||}')).toContain(' fwd="127.0.0.1" ');
  expect(line('{one.localhost|a#22, b|}')).toContain(' fwd="127.0.0.1" ');
  expect(line(`{one.localhost|${'1'.repeat(400)}|}`)).toContain(` fwd="${'1'.repeat(400)}, 127.0.0.1" `);
  expect(line(`{one.localhost|${'1'.repeat(401)}|}`)).toContain(' fwd="127.0.0.1" ');
});

test('lines that are of no app are nothing', () => {
  expect(text({ place: '-' })).toBeUndefined();
  expect(text({ place: ':unknown' })).toBeUndefined();
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
