// Rules of the wire that need no platform: ranges in every form clients send, tokens, repeats.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { expect, test } from 'vitest';
import { parseRange, sendList } from '../../../platform/api/ranges.ts';

const fields = ['version', 'id', 'name', 'created_at'];

test.each([
  ['version ..; order=desc,max=1', { field: 'version', order: 'desc', max: 1 }],
  ['version ..; max=15, order=desc', { field: 'version', order: 'desc', max: 15 }],
  ['id ..; max=1000;', { field: 'id', max: 1000 }],
  ['created_at ..; max=15, order=desc', { field: 'created_at', max: 15 }],
  ['name ]my-app..; max=200', { field: 'name', from: 'my-app', exclusive: true, max: 200 }],
  ['version 3..7', { field: 'version', from: '3', to: '7' }],
  ['', { field: 'version', max: 200, order: 'asc' }],
  ['hostname ..; max=5000', { field: 'version', max: 1000 }],
])('range %j', (text, expected) => {
  expect(parseRange(text, fields)).toMatchObject(expected);
});

test.each(['nonsense here', 'id ..; max=0', 'id ..; order=sideways', 'id ..; max=-1', '..'])(
  'bad range %j is refused',
  (text) => {
    expect(() => parseRange(text, fields)).toThrow(
      expect.objectContaining({ code: 'requested_range_not_satisfiable' }),
    );
  },
);

async function serve(make: (application: express.Express) => void): Promise<{ url: string; close(): void }> {
  const application = express();
  make(application);
  const server = createServer(application);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

test('following Next-Range to its end gives every item once, in either order', async () => {
  const items = Array.from({ length: 25 }, (_, index) => ({ version: index + 1 }));
  const server = await serve((application) => {
    application.get('/', (request, response) =>
      sendList(request, response, items, { version: (one) => one.version }, (one) => one.version),
    );
  });
  for (const order of ['asc', 'desc']) {
    const seen: number[] = [];
    let range: string | null = `version ..; max=10, order=${order}`;
    for (let page = 0; range !== null; page++) {
      expect(page).toBeLessThan(4);
      const response: Response = await fetch(server.url, { headers: { range } });
      seen.push(...((await response.json()) as number[]));
      range = response.headers.get('next-range');
      expect(response.status).toBe(range === null ? 200 : 206);
    }
    const all = items.map((item) => item.version);
    expect(seen).toEqual(order === 'asc' ? all : all.reverse());
  }
  server.close();
});

test('a list can be sorted by what no header can hold, and by what looks like the end of a range', async () => {
  const emails = [
    ...[
      '..@x.example',
      '.@x.example',
      '100%@x.example',
      'ada..b@x.example',
      'ada.@x.example',
      'bob@x.example.',
    ],
    ...['bob]@x.example', 'x@..', 'zoë@x.example', 'łukasz@x.example'],
  ];
  const server = await serve((application) => {
    application.get('/', (request, response) =>
      sendList(request, response, emails, { email: (one) => one }, (one) => one),
    );
  });
  const seen: string[] = [];
  for (let range: string | null = 'email ..; max=1'; range !== null && seen.length < 20; ) {
    const response: Response = await fetch(server.url, { headers: { range } });
    seen.push(...((await response.json()) as string[]));
    range = response.headers.get('next-range');
  }
  expect(seen).toEqual(emails);
  server.close();
});

test('what is equal in the field that a list is sorted by is left out by no page', async () => {
  const items = Array.from({ length: 12 }, (_, id) => ({ id, at: `2026-11-29T0${Math.floor(id / 5)}` }));
  const server = await serve((application) => {
    application.get('/', (request, response) =>
      sendList(request, response, items, { at: ({ at }) => at }, ({ id }) => id),
    );
  });
  const seen: number[] = [];
  for (let range: string | null = 'at ..; max=2'; range !== null && seen.length < 20; ) {
    const response: Response = await fetch(server.url, { headers: { range } });
    seen.push(...((await response.json()) as number[]));
    range = response.headers.get('next-range');
  }
  expect(seen).toEqual(items.map(({ id }) => id));
  server.close();
});
