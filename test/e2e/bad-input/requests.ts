// What is wrong in paths, headers and bytes sent to the API. Always the error shape, never a 5xx.
import { api, bytes, type Row } from './row.ts';

const unread = { ends: '400 bad_request' } as const;
const missing = { ends: '404 not_found' } as const;

const get = (path: string, headers: Record<string, string> = {}) => api('GET', path, { headers });

export const paths: Row[] = [
  { what: 'an unknown route', act: get('/nowhere'), ...missing, says: /There is nothing at GET \/nowhere/ },
  {
    what: 'a method that is not there',
    act: api('DELETE', '/apps'),
    ...missing,
    says: /nothing at DELETE \/apps/,
  },
  {
    what: 'what a client makes of dots behind the domains of an app',
    act: api('DELETE', '/apps/hello/'),
    ...missing,
    says: /nothing at DELETE \/apps\/hello\/: no path of the API ends in a slash/,
  },
  { what: 'bad percent-encoding', act: get('/apps/%zz'), ...unread, says: /could not be read: .*'%zz'/ },
  {
    what: 'bad percent-encoding after the app',
    act: get('/apps/hello/releases/%f'),
    ...unread,
    says: /could not be read/,
  },
  { what: 'percent-encoding that is not UTF-8', act: get('/apps/%ff'), ...unread, says: /could not be read/ },
  { what: 'a NUL in a path', act: get('/apps/%00'), ...missing, says: /There is no app/ },
  { what: 'a NUL after a name', act: get('/apps/hello%00/releases'), ...missing, says: /There is no app/ },
  { what: 'dots in a path', act: get('/apps/../../../etc/passwd'), ...missing, says: /nothing at GET/ },
  {
    what: 'encoded dots in a path',
    act: get('/apps/%2e%2e%2f%2e%2e%2fetc'),
    ...missing,
    says: /There is no app "\.\.\/\.\.\/etc"/,
  },
  {
    what: "dots in an output's path",
    act: get('/outputs/..%2f..%2fsecret.key/x'),
    ...missing,
    says: /no output here/,
  },
  {
    what: 'a log session that is none',
    act: get('/log-sessions/%00'),
    ...missing,
    says: /log session has ended/,
  },
  {
    what: 'a name of 10,000 letters',
    act: get(`/apps/${'a'.repeat(10_000)}`),
    ...missing,
    says: /^There is no app "a{60}"/,
  },
  {
    what: 'a URL of 20,000 letters',
    act: get(`/apps/${'a'.repeat(20_000)}`),
    ends: '431 headers_too_large',
    says: /larger than 16 KB/,
  },
];

export const heads: Row[] = [
  {
    what: 'a header of 20,000 letters',
    act: get('/apps', { 'X-Long': 'a'.repeat(20_000) }),
    ends: '431 headers_too_large',
    says: /larger than 16 KB/,
  },
  {
    what: 'no token',
    act: get('/apps', { Authorization: '' }),
    ends: '401 unauthorized',
    says: /No token was sent\. Log in first/,
  },
  {
    what: 'a wrong token',
    act: get('/apps', { Authorization: 'Bearer x' }),
    ends: '401 unauthorized',
    says: /not valid\. Log in again/,
  },
  {
    what: 'another version of the API',
    act: get('/apps', { Accept: 'application/vnd.heroku+json; version=2' }),
    ends: '406 not_acceptable',
    says: /speaks version 3/,
  },
  {
    what: 'a client of a later level',
    act: api('POST', '/apps', { body: { name: 'later' }, headers: { 'Twelve-Api-Level': '2' } }),
    ends: '406 not_acceptable',
    says: /too old for this client .*Upgrade the server/,
  },
  {
    what: 'a client of an earlier level',
    act: api('POST', '/apps', { body: { name: 'earlier' }, headers: { 'Twelve-Api-Level': '0' } }),
    ends: '406 not_acceptable',
    says: /too new for this client .*Upgrade the client/,
  },
  {
    what: 'a range in words',
    act: get('/apps', { Range: 'all of them' }),
    ends: '416 requested_range_not_satisfiable',
    says: /cannot be read\. Use for example: id \.\./,
  },
  {
    what: 'a range of none',
    act: get('/apps', { Range: 'id ..; max=0' }),
    ends: '416 requested_range_not_satisfiable',
    says: /cannot be read/,
  },
  {
    what: 'an upgrade to nothing',
    act: get('/attach/gone', { Connection: 'Upgrade', Upgrade: 'websocket' }),
    ...missing,
    says: /nothing here to connect to/,
  },
  {
    what: 'a method that is none',
    act: bytes('BREW /apps HTTP/1.1\r\nHost: x\r\n\r\n'),
    ...unread,
    says: /not an HTTP request/,
  },
  {
    what: 'TLS where there is none',
    act: bytes('\x16\x03\x01\x02\x00\x01\x00'),
    ...unread,
    says: /not an HTTP request/,
  },
];
