// One connection to a one-off that outlives it: what is left of it here once it has failed.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import type { Call } from '../../../platform/cli/command.ts';
import { connect } from '../../../platform/cli/kept-connection.ts';

it('one that the server refuses leaves nothing that would keep us from ending', async () => {
  const server = createServer().on('upgrade', (_request, socket) => {
    const body = JSON.stringify({ id: 'service_unavailable', message: 'Try again shortly.' });
    socket.end(
      `HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/run-sessions/secret`;
  const [set, cleared] = [vi.spyOn(globalThis, 'setTimeout'), vi.spyOn(globalThis, 'clearTimeout')];
  const { outcome } = connect(
    {} as Call,
    { url, trust: {}, headers: {} },
    { received: [0, 0], written: [0, 0] },
    { started: () => undefined, taken: () => undefined },
    { seenMs: 20, silenceMs: 123_456 },
  );
  const silence = set.mock.results[set.mock.calls.findIndex(([, ms]) => ms === 123_456)]!.value;
  expect(await outcome).toEqual({ kind: 'refused', httpStatus: 503, message: 'Try again shortly.' });
  while (!cleared.mock.calls.some(([timer]) => timer === silence)) await sleep(10);
  vi.restoreAllMocks();
  server.close();
});
