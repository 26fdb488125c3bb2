// What HAProxy prints, read.
import { expect, test } from 'vitest';
import {
  parseFigures,
  parseInnerSessions,
  parseMap,
  parseServers,
  parseWorkers,
} from '../../../platform/router/replies.ts';

test('maps: the first of a key counts', () => {
  expect(
    parseMap('0x7fd2 one.localhost id-1\n0x7fd3 two.localhost id-2\n0x7fd4 one.localhost id-3\n\n'),
  ).toEqual(
    new Map([
      ['one.localhost', 'id-1'],
      ['two.localhost', 'id-2'],
    ]),
  );
  expect(parseMap('\n')).toEqual(new Map());
  expect(parseMap('Unknown map identifier. Please use #<id> or <file>.\n')).toEqual(new Map());
});

test('servers: by the names of the columns; ready is what no administrator took out', () => {
  const text = `1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time srv_port
3 b0 1 web.1:abc:7f 127.0.0.1 2 0 1 1 1 19001
3 b0 2 web.2:abd:7f 127.0.0.1 2 8 1 1 1 19002
4 b1 1 web.1:abe:7f 127.0.0.1 0 1 1 1 1 19003
`;
  expect(Object.fromEntries(parseServers(text))).toEqual({
    'b0/web.1:abc:7f': { address: '127.0.0.1', port: 19001, ready: true },
    'b0/web.2:abd:7f': { address: '127.0.0.1', port: 19002, ready: false },
    'b1/web.1:abe:7f': { address: '127.0.0.1', port: 19003, ready: false },
  });
});

test('figures, workers of before, and sessions of its own', () => {
  const stat = '# pxname,svname,qcur,qmax,scur,smax,slim,stot,\nb0,web.1:abc:7f,1,2,3,4,,50,\n\n';
  expect(parseFigures(stat)).toEqual(new Map([['b0/web.1:abc:7f', { sessions: 3, queued: 1, total: 50 }]]));
  expect(parseFigures('No such proxy.\n')).toEqual(new Map());
  const proc = `#<PID>          <type>          <reloads>       <uptime>        <version>
6               master          2 [failed: 0]   0d00h12m54s     3.0.11
# workers
12              worker          0               0d00h00m00s     3.0.11
# old workers
8               worker          2               0d00h12m54s     3.0.11
10              worker          1               0d00h12m54s     3.0.11
# programs
`;
  expect(parseWorkers(proc)).toEqual({ current: [12], old: [8, 10] });
  const sessions = `0x7f77e5924c00: proto=? ts=00 epoch=0 age=4s
0x7f77e769f000: proto=unix_stream src=unix:1 fe=GLOBAL be=<NONE>
0x7f77e769f400: proto=tcpv4 src=127.0.0.1:1 fe=visitors be=b0
`;
  expect(parseInnerSessions(sessions)).toEqual(['0x7f77e5924c00']);
});
