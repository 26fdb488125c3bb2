// What each route is asked with when all is well, and what becomes of it in worse hands.
import fc from 'fast-check';
import { makeCertificate } from '../certificates.ts';

type Json = fc.JsonValue;

export const appNames = ['hello', 'other', 'third', 'fourth'] as const;
const words = ['web', 'worker', 'nodejs', 'python', 'a', 'one.example.com', 'two.example.com', '*.x.example'];
const app = fc.constantFrom<string>(...appNames);
const word = fc.constantFrom(...words);
const some = (...values: Json[]): fc.Arbitrary<Json> => fc.constantFrom<Json[]>(...values);
const user = fc.constantFrom('bob@example.com', 'eve@example.com');
const scope = some('read', ['deploy'], 'write', null);
const quantity = some(0, 1, 2, '+1', '-1');

/** Stand for what only an earlier answer knows. */
export const slugHere = '<slug>';
export const sourceHere = '<source>';

const handshake = {
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
};

/** Without which some routes refuse everything. */
export const goodHeaders: Readonly<Record<string, Record<string, string>>> = {
  'POST /apps/:app/dynos': { 'twelve-attach': 'websocket' },
  'POST /apps/:app/dynos/:dyno': { 'twelve-attach': 'websocket' },
  'POST /:app.git/git-upload-pack': { 'content-type': 'application/x-git-upload-pack-request' },
  'POST /:app.git/git-receive-pack': { 'content-type': 'application/x-git-receive-pack-request' },
  'GET /attach/:secret': handshake,
  'GET /run-sessions/:app/:secret': handshake,
};

const pairs = await Promise.all(
  ['one.example.com', 'two.example.com'].map((name) => makeCertificate(name, { names: [name] })),
);
const pair = some(...pairs.map(({ chain, key }) => ({ certificate_chain: chain, private_key: key })));

/** By method and path; a route that takes no body has none here. */
export const goodBodies: Readonly<Record<string, fc.Arbitrary<Json>>> = {
  'POST /apps': fc.record({ name: app }),
  'PATCH /apps/:app': fc.oneof(fc.record({ maintenance: fc.boolean() }), fc.record({ name: app })),
  'POST /apps/:app/sni-endpoints': pair,
  'POST /sni-endpoints': pair,
  'PATCH /apps/:app/acm': some({ acm_refresh: true }),
  'PATCH /acm': some({ acm_refresh: true }),
  'POST /apps/:app/domains': fc.record({ hostname: word }),
  'POST /apps/:app/log-drains': fc.record({
    url: some('syslog://logs.example:1', 'https://logs.example:1/in', 'gelf+udp://logs.example:1'),
    insecure: fc.boolean(),
  }),
  'POST /apps/:app/builds': fc.record({
    source_blob: fc.record({ url: some(sourceHere, 'https://example.com/a.tgz'), version: some('v1', null) }),
  }),
  'PUT /apps/:app/buildpack-installations': fc.record({
    updates: fc.array(fc.record({ buildpack: some('nodejs', 'python', 'go') }), { maxLength: 2 }),
  }),
  'POST /apps/:app/buildpack-installations/actions/remove': fc.record({
    buildpack: some('nodejs', 'python'),
  }),
  'POST /apps/:app/buildpack-installations/actions/update': some({}, { buildpack: 'nodejs' }),
  'POST /apps/:app/releases': fc.oneof(
    fc.record({ release: some(1, 2, 'v3') }),
    fc.record({ slug: some(slugHere), description: fc.string() }),
  ),
  'PATCH /apps/:app/config-vars': fc.record({ A: fc.oneof(fc.string(), fc.constant(null)) }),
  'PATCH /apps/:app/formation': fc.record({
    updates: fc.array(fc.record({ type: some('web', 'worker'), quantity }), { maxLength: 3 }),
  }),
  'PATCH /apps/:app/formation/:type': fc.record({ quantity, size: some('eco', 'basic', 'standard-1x') }),
  'POST /apps/:app/dynos': fc.record({ command: some('true'), attach: fc.boolean() }),
  'POST /apps/:app/dynos/:dyno': fc.record({ command: some('true'), attach: some(true) }),
  'POST /apps/:app/log-sessions': fc.record(
    {
      lines: fc.nat(200),
      tail: fc.boolean(),
      format: some('text', 'json'),
      source: some('app', 'twelve'),
      grep: fc.string(),
    },
    { requiredKeys: [] },
  ),
  'POST /users': fc.record({
    email: user,
    admin: fc.boolean(),
    scope,
    expires_in: some(60, '60', null),
  }),
  'PATCH /users/:user': fc.record({ admin: fc.boolean() }),
  'DELETE /users/:user': fc.record({ transfer_to: fc.oneof(user, fc.constant(null)) }),
  'POST /oauth/authorizations': fc.record(
    { description: fc.string(), scope, expires_in: some(60, '60', null) },
    { requiredKeys: [] },
  ),
  'PATCH /oauth/authorizations/:authorization': fc.record({ description: fc.string() }),
  'POST /apps/:app/collaborators': fc.record({ user: fc.oneof(user, fc.record({ email: user })) }),
  'PATCH /apps/:app/process-settings': some(
    { parallel: '2' },
    { parallel: null },
    { 'rollout.worker': 'overlap' },
  ),
};

/** What a value may hold that nobody thought of. */
const wildTexts: readonly string[] = [
  ...['', ' ', '\0', 'a\0b', '..', '../../etc/passwd', '/', '//', '\\', '\r\n', '\u202e', '🙈', '\ud800'],
  ...['__proto__', 'constructor', 'toString', 'null', 'undefined', 'NaN', 'Infinity', '-1', '1e999', '0x10'],
  ...["' OR 1=1 --", '"; DROP TABLE apps; --', '$(id)', '`id`', '%s%n', '%00', '{{7*7}}', '<script>'],
  ...['a'.repeat(300), 'A'.repeat(5000), 'v0', 'v-1', 'web.0', 'web.99999999999999999999', 'run.1', '*'],
  ...['http://[::1', 'file:///etc/passwd', 'https://a:b@127.0.0.1/', '9'.repeat(400), 'ﬀ', 'İ', '2024-99-99'],
];
export const wildText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...wildTexts),
  fc.string({ unit: 'binary', maxLength: 40 }),
);
const wildJson: fc.Arbitrary<Json> = fc.oneof(
  wildText,
  fc.jsonValue({ maxDepth: 3 }),
  some(null, true, 0, -1, 1.5, 1e308, Number.MAX_SAFE_INTEGER, [], {}, [[]], [null], { length: -1 }),
);

/** One thing in it is another, or gone, or there is one more. */
function spoil(good: Json, where: number, what: Json, how: number): Json {
  if (typeof good !== 'object' || good === null) return what;
  const keys = Object.keys(good);
  if (keys.length === 0 || how % 5 === 0)
    return Array.isArray(good) ? [...good, what] : { ...good, extra: what };
  const key = keys[where % keys.length]!;
  const entries = Object.entries(good).flatMap(([name, value]) => {
    if (name !== key) return [[name, value] as const];
    if (how % 5 === 1) return [];
    return [[name, how % 5 === 2 ? spoil(value as Json, where, what, how + 7) : what] as const];
  });
  return Array.isArray(good)
    ? entries.map(([, value]) => value as Json)
    : (Object.fromEntries(entries) as Json);
}

/** As bytes; null: none. */
export function bodyFor(route: string): fc.Arbitrary<Buffer | null> {
  const good = route.includes('.git/git-') ? fc.constant('0000') : goodBodies[route];
  const bytes = (value: Json): Buffer => Buffer.from(value === '0000' ? value : JSON.stringify(value));
  const wild: fc.Arbitrary<Buffer | null> = fc.oneof(
    { weight: 3, arbitrary: wildJson.map(bytes) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('{', '[', '{"a":', '"', '{"__proto__":{"a":1}}', '\ufeff{}')
        .map(Buffer.from as (text: string) => Buffer),
    },
    { weight: 1, arbitrary: fc.constant(null) },
  );
  if (!good) return fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: wild });
  const spoilt = fc.tuple(good, fc.nat(9), wildJson, fc.nat(99)).map((all) => bytes(spoil(...all)));
  return fc.oneof(
    { weight: 4, arbitrary: good.map(bytes) },
    { weight: 3, arbitrary: spoilt },
    { weight: 2, arbitrary: wild },
  );
}
