// What is wrong in the bodies of requests to the API. Always the error shape, never a 5xx.
import { api, type Row } from './row.ts';

const config = '/apps/hello/config-vars';
const formation = '/apps/hello/formation';
const patch = (path: string, body: unknown) => api('PATCH', path, { body });
const invalid = { ends: '422 invalid_params' } as const;
const unread = { ends: '400 bad_request' } as const;
const missing = { ends: '404 not_found' } as const;

export const bodies: Row[] = [
  {
    what: 'a NUL in a value',
    act: patch(config, { A: 'a\0b' }),
    ...invalid,
    says: /value of A contains a NUL byte/,
  },
  {
    what: 'half an emoji',
    act: api('PATCH', config, { raw: '{"A":"\\ud83d"}' }),
    ...invalid,
    says: /A is not text: .* half of a surrogate pair/,
  },
  {
    what: 'a value in Latin-1',
    act: api('PATCH', config, { raw: Buffer.from('{"A":"caf\xe9"}', 'latin1') }),
    ...unread,
    says: /body is not UTF-8/,
  },
  {
    what: 'a value that is a number',
    act: patch(config, { A: 1 }),
    ...invalid,
    says: /A: .*expected string, received number/,
  },
  {
    what: 'the name __proto__',
    act: api('PATCH', config, { raw: '{"__proto__":"x"}' }),
    ...invalid,
    says: /"__proto__" is not a config var name/,
  },
  { what: 'an empty name', act: patch(config, { '': 'x' }), ...invalid, says: /"" is not a config var name/ },
  {
    what: 'JSON that is garbage',
    act: api('PATCH', config, { raw: '{A: 1' }),
    ...unread,
    says: /could not be read: .*JSON/,
  },
  { what: 'JSON that is no object', act: patch(config, ['A']), ...invalid, says: /does not fit/ },
  {
    what: 'JSON that is null',
    act: api('POST', '/apps', { raw: 'null' }),
    ...invalid,
    says: /expected object, received null/,
  },
  {
    what: 'a form instead of JSON',
    act: api('POST', '/apps', {
      raw: 'name=abc',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    }),
    ...unread,
    says: /could not be read/,
  },
  {
    what: 'JSON a hundred thousand levels deep',
    act: api('PATCH', config, { raw: '['.repeat(1e5) + ']'.repeat(1e5) }),
    ...unread,
    says: /nested more than 100 deep/,
  },
  {
    what: 'a body of 2 MB',
    act: patch(config, { A: 'x'.repeat(2e6) }),
    ends: '413 request_too_large',
    says: /body is larger than 1 MB/,
  },
  {
    what: 'a body that is not what it says',
    act: api('POST', '/apps', { raw: 'x', headers: { 'Content-Encoding': 'gzip' } }),
    ...unread,
    says: /could not be read/,
  },
  {
    what: 'an encoding that nobody knows',
    act: api('POST', '/apps', { raw: 'x', headers: { 'Content-Encoding': 'zip' } }),
    ...unread,
    says: /unsupported content encoding "zip"/,
  },
  {
    what: 'a bad app name',
    act: api('POST', '/apps', { body: { name: 'a b' } }),
    ...invalid,
    says: /not an app name/,
  },
  {
    what: 'renaming to a reserved name',
    act: patch('/apps/hello', { name: 'admin' }),
    ...invalid,
    says: /reserved/,
  },
  {
    what: 'renaming to a taken name',
    act: patch('/apps/hello', { name: 'vars' }),
    ...invalid,
    says: /taken/,
  },
  {
    what: 'maintenance that is a word',
    act: patch('/apps/hello', { maintenance: 'yes' }),
    ...invalid,
    says: /maintenance: .*expected boolean/,
  },
  {
    what: 'a negative quantity',
    act: patch(formation, { updates: [{ type: 'web', quantity: -1 }] }),
    ...invalid,
    says: /cannot run -1 processes/,
  },
  {
    what: 'a fractional quantity',
    act: patch(formation, { updates: [{ type: 'web', quantity: 1.5 }] }),
    ...invalid,
    says: /"1\.5" is not a number of processes/,
  },
  {
    what: 'a quantity of 10,000',
    act: patch(formation, { updates: [{ type: 'web', quantity: 10_000 }] }),
    ...invalid,
    says: /the limit is 100/,
  },
  {
    what: 'a quantity that is null',
    act: patch(formation, { updates: [{ type: 'web', quantity: null }] }),
    ...invalid,
    says: /quantity: A quantity is a whole number/,
  },
  {
    what: 'a type that every object has',
    act: patch(`${formation}/constructor`, { quantity: 1 }),
    ...missing,
    says: /no process type "constructor"/,
  },
  {
    what: 'a command with a NUL',
    act: api('POST', '/apps/hello/dynos', { body: { command: 'a\0b' } }),
    ...invalid,
    says: /command contains a NUL byte/,
  },
  {
    what: 'no command',
    act: api('POST', '/apps/hello/dynos', { body: { command: ' ' } }),
    ...invalid,
    says: /Say what to run/,
  },
  {
    what: 'a bad name for one command',
    act: api('POST', '/apps/hello/dynos', { body: { command: 'true', env: { 'A B': 'x' } } }),
    ...invalid,
    says: /"A B" is not a config var name/,
  },
  {
    what: 'neither release nor slug',
    act: api('POST', '/apps/hello/releases', { body: {} }),
    ...invalid,
    says: /Give either "release"/,
  },
  {
    what: 'a slug that is not there',
    act: api('POST', '/apps/hello/releases', { body: { slug: 'x' } }),
    ...missing,
    says: /no slug "x"/,
  },
  {
    what: 'a log source that is none',
    act: api('POST', '/apps/hello/log-sessions', { body: { source: 'x' } }),
    ...invalid,
    says: /no log source "x"\. Sources: app, twelve/,
  },
];
