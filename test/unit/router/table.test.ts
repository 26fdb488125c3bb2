// Routes to the picture HAProxy should hold, and the commands between two pictures.
import { expect, test } from 'vitest';
import {
  type AppRoute,
  afterChange,
  busySlots,
  checkedRoute,
  difference,
  type Picture,
  pictureOf,
  serverName,
  slotsOf,
  type Table,
  withoutRoute,
  withRoutes,
} from '../../../platform/router/table.ts';

const nothing: Picture = { places: new Map(), servers: new Map() };
const empty: Table = { routes: new Map(), slots: new Map(), pool: 2 };
const none = new Set<number>();

function route(name: string, keys: string[], more: Partial<AppRoute> = {}): AppRoute {
  const endpoints = keys.map((key, index) => ({
    process: `web.${index + 1}`,
    key,
    address: '10.213.0.2',
    port: 5006,
  }));
  return {
    appId: `id-${name}`,
    appName: name,
    hosts: [`${name}.localhost`],
    endpoints,
    state: 'up',
    ...more,
  };
}
const server = (slot: number, number: number, key: string): string =>
  `b${slot}/${serverName({ process: `web.${number}`, key, address: '10.213.0.2', port: 5006 })}`;

test('a first app is added, made ready and only then given its host', () => {
  const wanted = pictureOf(withRoutes(empty, [route('one', ['a'])], none, 2));
  const path = server(0, 1, 'a');
  expect(difference(nothing, wanted)).toEqual({
    add: [`add server ${path} 10.213.0.2:5006 pool-purge-delay 2s`],
    turn: [`set server ${path} state ready`, 'add map /router/places.map one.localhost id-one:b0'],
    leaving: [],
  });
});

test('many routes at once are as one after another, and a picture does not change with later tables', () => {
  const [one, two, three] = [route('one', ['a']), route('two', ['b']), route('three', ['c', 'd'])] as const;
  const together = withRoutes(empty, [one, two, three], none, 2);
  const before = withRoutes(withRoutes(empty, [one], none, 2), [two], none, 2);
  const picture = pictureOf(before);
  const served = [...picture.servers.keys()];
  expect(withRoutes(before, [three], none, 2)).toEqual(together);
  expect(together.pool).toBe(4);
  expect(pictureOf(withRoutes(before, [three], none, 2))).toEqual(pictureOf(together));
  expect([...pictureOf(before).servers.keys()]).toEqual(served);
  // The same route behind another backend is another server.
  const moved = withRoutes(empty, [two], new Set([0, 1]), 2);
  expect([...pictureOf(moved).servers.keys()]).toEqual([expect.stringMatching(/^b2\//)]);
});

test('a host that is reserved leads to no app, whoever claims it, also by a wildcard', () => {
  const reserved = ['paas.example.com'];
  const table = withRoutes(
    { ...empty, reserved },
    [route('one', ['a'], { hosts: ['paas.example.com', '*.example.com'] })],
    none,
    2,
  );
  const places = [
    ['paas.example.com', '-:unknown'],
    ['*.example.com', 'id-one:b0'],
  ];
  expect([...pictureOf(table).places]).toEqual(places);
  expect(slotsOf(pictureOf(table).places)).toEqual(new Map([['id-one', 0]]));
  const later = withoutRoute(withRoutes(table, [route('two', ['b'])], none, 2), 'id-two');
  expect([...pictureOf(later).places]).toEqual(places);
});

test('a switch makes the new ready before the old is drained, and leaves what stays alone', () => {
  const before = withRoutes(empty, [route('one', ['a', 'b'])], none, 2);
  const after = withRoutes(before, [route('one', ['a', 'c'])], none, 2);
  const change = difference(pictureOf(before), pictureOf(after));
  expect(change.add).toHaveLength(1);
  expect(change.turn).toEqual([
    `set server ${server(0, 2, 'c')} state ready`,
    `set server ${server(0, 2, 'b')} state drain`,
  ]);
  expect(change.leaving).toEqual([server(0, 2, 'b')]);
  const held = afterChange(pictureOf(before), pictureOf(after));
  expect(held.servers.get(server(0, 2, 'b'))?.ready).toBe(false);
  expect(difference(held, pictureOf(after))).toEqual({ add: [], turn: [], leaving: [server(0, 2, 'b')] });
});

test('a server that drains is put back without being added again', () => {
  const table = withRoutes(empty, [route('one', ['a'])], none, 2);
  const held = afterChange(pictureOf(table), pictureOf(withRoutes(table, [route('one', ['b'])], none, 2)));
  const change = difference(held, pictureOf(table));
  expect(change.add).toEqual([]);
  expect(change.turn[0]).toBe(`set server ${server(0, 1, 'a')} state ready`);
});

test('states and hosts change by set, add and del; up without endpoints is none', () => {
  const before = withRoutes(empty, [route('one', ['a'], { hosts: ['x.org', 'y.org'] })], none, 2);
  const after = withRoutes(before, [route('one', [], { hosts: ['y.org', 'z.org'] })], none, 2);
  expect(difference(pictureOf(before), pictureOf(after)).turn).toEqual([
    'set map /router/places.map y.org id-one:none:b0',
    'add map /router/places.map z.org id-one:none:b0',
    'del map /router/places.map x.org',
    `set server ${server(0, 1, 'a')} state drain`,
  ]);
  const removed = difference(pictureOf(before), pictureOf(withoutRoute(before, 'id-one')));
  expect(removed.turn.slice(0, 2)).toEqual([
    'del map /router/places.map x.org',
    'del map /router/places.map y.org',
  ]);
});

test('the first free backend is taken, never one with servers of an app that left; the pool doubles', () => {
  let table = withRoutes(empty, [route('one', ['a'])], none, 2);
  table = withRoutes(table, [route('two', ['b'])], none, 2);
  const held = pictureOf(table);
  table = withoutRoute(table, 'id-one');
  const third = withRoutes(table, [route('three', ['c'])], none, 2);
  expect([third.slots.get('id-three'), third.pool]).toEqual([0, 2]);
  const busy = withRoutes(table, [route('three', ['c'])], busySlots(held), 2);
  expect([busy.slots.get('id-three'), busy.pool]).toEqual([2, 4]);
  expect(slotsOf(pictureOf(busy).places)).toEqual(busy.slots);
  expect(slotsOf(new Map([['x.org', 'id-one:maintenance:b7']]))).toEqual(new Map([['id-one', 7]]));
  // As another version of ours wrote its map.
  expect(slotsOf(new Map([['x.org', 'id-one']]))).toEqual(new Map());
});

test('what could end in a command or a file is refused', () => {
  const bad: Partial<AppRoute>[] = [
    { appId: 'a b' },
    { hosts: ['a.localhost; shutdown sessions'] },
    { hosts: ['a.*.localhost'] },
    { hosts: ['*'] },
    { hosts: [''] },
    { endpoints: [{ process: 'web.1 x', key: 'k', address: '10.0.0.1', port: 1 }] },
    { endpoints: [{ process: 'web.1', key: 'k/x', address: '10.0.0.1', port: 1 }] },
    { endpoints: [{ process: 'web.1', key: 'k', address: 'example.org', port: 1 }] },
    { endpoints: [{ process: 'web.1', key: 'k', address: '10.0.0.1', port: 0 }] },
  ];
  for (const more of bad) expect(() => checkedRoute(route('one', [], more))).toThrow(/the router can use/);
  expect(checkedRoute(route('one', [], { hosts: ['A.org', 'a.org', '*.a.org'] })).hosts).toEqual([
    'a.org',
    '*.a.org',
  ]);
});

test('a picture made from the one before is what it would be by itself, also where hosts move between apps', () => {
  const steps: ((table: Table) => Table)[] = [
    (table) => withRoutes(table, [route('one', ['a'], { hosts: ['x.org', 'y.org'] })], none, 2),
    (table) => withRoutes(table, [route('two', ['b', 'c'], { hosts: ['z.org'] })], none, 2),
    (table) => withRoutes(table, [route('two', ['c', 'd'], { hosts: ['z.org'] })], none, 2),
    (table) => withRoutes(table, [route('one', [], { hosts: ['x.org', 'y.org'] })], none, 2),
    // A host that goes from one app to another is the other's before the first has heard of it.
    (table) => withRoutes(table, [route('two', ['d'], { hosts: ['z.org', 'y.org'] })], none, 2),
    (table) => withRoutes(table, [route('one', ['e'], { hosts: ['x.org'] })], none, 2),
    (table) => withRoutes(table, [route('one', ['f'], { hosts: ['x.org', 'w.org'] })], none, 2),
    (table) =>
      withRoutes(
        table,
        [route('two', [], { hosts: [] }), route('one', ['f'], { hosts: ['z.org'] })],
        none,
        2,
      ),
    (table) => withoutRoute(table, 'id-one'),
    (table) => withoutRoute(table, 'id-never'),
  ];
  let table = empty;
  for (const step of steps) {
    // Known, so that the next one is made from it.
    pictureOf(table);
    table = step(table);
    const anew = pictureOf({ ...table });
    expect(pictureOf(table)).toEqual(anew);
    expect([...pictureOf(table).places.keys()].sort()).toEqual([...anew.places.keys()].sort());
  }
});

test('while no host changes the hosts stay the same object, and are not compared again', () => {
  const before = withRoutes(empty, [route('one', ['a']), route('two', ['b'])], none, 2);
  const { places } = pictureOf(before);
  const after = withRoutes(before, [route('two', ['c'])], none, 2);
  expect(pictureOf(after).places).toBe(places);
  expect(pictureOf(withRoutes(after, [route('two', [])], none, 2)).places).not.toBe(places);
});

test('a place says where plain HTTP is sent to HTTPS, and its backend is read back from it', () => {
  const routes = [
    route('one', ['a'], { toHttps: true }),
    route('two', [], { toHttps: true, state: 'crashed' }),
  ];
  const { places } = pictureOf(withRoutes(empty, routes, none, 2));
  expect([...places.values()]).toEqual(['id-one:secure:b0', 'id-two:secure:crashed:b1']);
  expect([...slotsOf(places)]).toEqual([
    ['id-one', 0],
    ['id-two', 1],
  ]);
});

test('a host that an older app takes from a newer one leads there once the newer one has heard of it', () => {
  const hosts = (...names: string[]) => ({ hosts: names });
  let table = withRoutes(
    empty,
    [route('one', ['a'], hosts('x.org')), route('two', ['b'], hosts('y.org'))],
    none,
    2,
  );
  for (const next of [route('one', ['a'], hosts('x.org', 'y.org')), route('two', ['b'], hosts())]) {
    pictureOf(table);
    table = withRoutes(table, [next], none, 2);
  }
  expect([...pictureOf(table).places]).toEqual([
    ['x.org', 'id-one:b0'],
    ['y.org', 'id-one:b0'],
  ]);
});
