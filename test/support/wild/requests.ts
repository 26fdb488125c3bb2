// Requests as nobody would send them, to any route: paths, queries, headers and bodies between right and senseless.
import fc from 'fast-check';
import type { Route } from '../routes.ts';
import { appNames, bodyFor, goodHeaders, wildText } from './bodies.ts';

/** By the places of a path, such as `:app:build`, or a folder of secret addresses: what each place may be filled with. */
export type Facts = Map<string, Record<string, string>[]>;

/** A place in a path: text, or one of what earlier answers named. */
type Filled = { text: string } | { fact: number } | { raw: string };

export interface WildRequest {
  route: Route;
  /** Instead of the route's own. */
  method: string;
  places: Filled[];
  query: string;
  headers: Record<string, string>;
  /** Without it nobody is named; else the right one or another. */
  token: 'right' | 'wrong' | 'none';
  body: Buffer | null;
}

const known = [
  'web',
  'worker',
  'web.1',
  'worker.1',
  '1',
  'v2',
  'yearly',
  'one.example.com',
  'basic',
  'python',
];
/** What is always there, by what a place is called. */
const always: Readonly<Record<string, string>> = {
  ':size': 'standard-1x',
  ':type': 'web',
  ':entry': 'yearly',
};
const rawPlaces = ['%00', '%ff', '%zz', '%', '..', '%2e%2e', '*', '%2F', '@', ';', '%C3%28', '~'];

const place: fc.Arbitrary<Filled> = fc.oneof(
  { weight: 6, arbitrary: fc.nat(5000).map((fact) => ({ fact })) },
  { weight: 3, arbitrary: fc.constantFrom(...known).map((text) => ({ text })) },
  { weight: 2, arbitrary: wildText.map((text) => ({ text })) },
  { weight: 1, arbitrary: fc.constantFrom(...rawPlaces).map((raw) => ({ raw })) },
);
const anApp = (names: readonly string[]): fc.Arbitrary<Filled> =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...names).map((text) => ({ text })) },
    { weight: 1, arbitrary: place },
  );
/** The one that serves is mostly left where it is: else little is reached behind it. */
const ends = /^(DELETE|PATCH) \/apps\/:app$/;
const appPlace = ({ method, path }: Route): fc.Arbitrary<Filled> =>
  anApp(ends.test(`${method} ${path}`) ? appNames.slice(1) : ['hello', 'hello', ...appNames]);

/** What a header can hold: anything but control characters, one byte each. */
const headerText = fc
  .oneof(wildText, fc.string({ maxLength: 40 }))
  .map((text) => text.replace(/[^\x20-\x7e\x80-\xff]/g, '').slice(0, 400));
const range = fc.oneof(
  fc.constantFrom(
    'id ..',
    'version 1..; max=2, order=desc',
    'name ]a..b; max=1',
    'created_at ..; max=0',
    'id ..; max=9e9',
  ),
  headerText,
);
const accept = fc.constantFrom(
  'application/vnd.heroku+json; version=3',
  'application/vnd.heroku+json; version=2',
  'text/event-stream',
  '*/*',
);
const headers = fc.record(
  {
    range,
    accept,
    'request-id': fc.oneof(fc.constantFrom('a', 'b', 'c'), headerText),
    'twelve-attach': fc.constant('websocket'),
    'twelve-api-level': fc.oneof({ weight: 3, arbitrary: fc.constant('1') }, headerText),
    'last-event-id': fc.oneof(fc.constantFrom('0', '99999999999999', '-1'), headerText),
    'content-encoding': fc.constantFrom('gzip', 'identity', 'br', 'x', 'deflate'),
    'content-type': fc.oneof(
      fc.constantFrom(
        'application/json',
        'application/x-git-receive-pack-request',
        'application/x-git-upload-pack-request',
      ),
      headerText,
    ),
    'x-forwarded-host': headerText,
    'if-none-match': fc.constantFrom('*', 'W/"x"'),
    'git-protocol': headerText,
    expect: fc.constantFrom('100-continue', 'x'),
    host: fc.oneof(fc.constantFrom('localhost', 'evil.example', '[::1', ''), headerText),
  },
  { requiredKeys: [] },
);

/** Mostly few of them: where one is refused, nothing behind it is reached. */
const fewHeaders = fc
  .tuple(headers, fc.array(fc.nat(20), { maxLength: 2 }))
  .map(([all, chosen]) =>
    Object.fromEntries(Object.entries(all).filter((_, index) => chosen.includes(index))),
  );

const query = fc.oneof(
  { weight: 8, arbitrary: fc.constant('') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'wait=0',
      'wait=-1',
      'wait=x',
      'wait[]=1',
      'a&b=%ff',
      'wait=0.05',
      'wait=0.0123456',
      'wait=1e-9',
      'since=9999w',
      'since=9999-12-31',
      'user=~',
      'app=hello&app=other',
      '?',
      '%',
      'service=x',
    ),
  },
);

export function wildRequest(routes: readonly Route[]): fc.Arbitrary<WildRequest> {
  return fc.constantFrom(...routes).chain((route) =>
    fc.record<WildRequest>({
      route: fc.constant(route),
      method: fc.oneof(
        { weight: 30, arbitrary: fc.constant(route.method) },
        {
          weight: 1,
          arbitrary: fc.constantFrom('HEAD', 'OPTIONS', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE'),
        },
      ),
      places: fc.tuple(...placesOf(route).map((name) => (name === ':app' ? appPlace(route) : place))),
      query,
      headers: fc.oneof(
        { weight: 3, arbitrary: fc.constant(goodHeaders[`${route.method} ${route.path}`] ?? {}) },
        { weight: 2, arbitrary: fewHeaders },
      ),
      token: fc.oneof(
        { weight: 20, arbitrary: fc.constant<WildRequest['token']>('right') },
        fc.constantFrom<WildRequest['token']>('wrong', 'none'),
      ),
      body: bodyFor(`${route.method} ${route.path}`),
    }),
  );
}

/** `:app`, `:build`, `*name`, in their order. */
function placesOf({ path }: Route): string[] {
  return path.match(/[:*][a-z]+/g) ?? [];
}

/** What a place is filled with that is taken from earlier answers; of an app's part also which app's. */
export function pathOf({ route, places, query }: WildRequest, facts: Facts): string {
  const names = placesOf(route);
  const known = factOf(route, places, facts);
  let next = 0;
  const path = route.path.replace(/[:*][a-z]+/g, () => {
    const name = names[next]!;
    const filled = places[next++]!;
    if ('raw' in filled) return filled.raw;
    const text = known[name] ?? ('fact' in filled ? (always[name] ?? 'none') : filled.text);
    // Of what is no text, what can be sent.
    return encodeURIComponent(Buffer.from(text).toString()).slice(0, 6000);
  });
  return query === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${query}`;
}

function factOf(route: Route, places: readonly Filled[], facts: Facts): Record<string, string> {
  const last = places.at(-1);
  if (!last || !('fact' in last)) return {};
  // A secret address is one for its folder; an app's part is one for its kind.
  const list =
    facts.get(placesOf(route).join('')) ?? facts.get(/^\/[\w-]+\//.exec(route.path)?.[0] ?? '') ?? [];
  return list[last.fact % list.length] ?? {};
}
