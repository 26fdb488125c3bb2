// The configuration's text: what is in it, and what makes a reload necessary.
import { expect, test } from 'vitest';
import {
  configIdentity,
  configText,
  herokuTimeouts,
  mapText,
  poolOf,
  type RouterSettings,
} from '../../../platform/router/haproxy-config.ts';
import { pictureOf, withRoutes } from '../../../platform/router/table.ts';

const settings: RouterSettings = {
  http: { host: '0.0.0.0', port: 80 },
  https: null,
  acmeThumbprint: null,
  mark: null,
  timeouts: herokuTimeouts,
  openFiles: 2000,
  hardStopMs: 300_000,
  asRoot: true,
  pages: new Map([['h14.html', 'no process']]),
};
const table = withRoutes(
  { routes: new Map(), slots: new Map(), pool: 3 },
  [
    {
      appId: 'id-one',
      appName: 'one',
      hosts: ['one.localhost'],
      state: 'up',
      endpoints: [
        { process: 'web.1', key: 'a', address: '10.213.0.2', port: 5006 },
        { process: 'web.2', key: 'b', address: 'fd00::2', port: 5006 },
      ],
    },
  ],
  new Set(),
  3,
);

test('every backend of the pool is there, with the servers it has now', () => {
  const text = configText(settings, 3, pictureOf(table));
  expect(text.match(/^backend .*$/gm)).toEqual([
    ...['unknown', 'maintenance', 'crashed', 'none'].map((page) => `backend ${page} from web`),
    'backend b0 from app',
    'backend b1 from app',
    'backend b2 from app',
  ]);
  expect(text.match(/^ {2}server web.*$/gm)).toEqual([
    expect.stringMatching(/^ {2}server web\.1:a:[0-9a-f]+ 10\.213\.0\.2:5006 /),
    expect.stringMatching(/^ {2}server web\.2:b:[0-9a-f]+ \[fd00::2\]:5006 /),
  ]);
  expect(text).toContain('  bind 0.0.0.0:80\n');
  expect(text).toContain('  timeout server 30000ms\n');
  expect(text).toContain('http-response set-timeout server 55000ms');
  expect(configText({ ...settings, http: { host: '::', port: 80 } }, 1, pictureOf(table))).toContain(
    '  bind 0.0.0.0:80\n  bind [::]:80 v6only\n',
  );
});

test('a change of servers or hosts keeps the identity; settings, pages and pool change it', () => {
  const identity = configIdentity(settings, 3);
  expect(configText(settings, 3, pictureOf(table))).toContain(`description "${identity}"`);
  expect(poolOf(identity)).toBe(3);
  expect(poolOf('something else')).toBe(0);
  for (const other of [
    configIdentity(settings, 4),
    configIdentity({ ...settings, pages: new Map([['h14.html', 'other words']]) }, 3),
    configIdentity({ ...settings, hardStopMs: 1 }, 3),
    configIdentity({ ...settings, http: { host: '127.0.0.1', port: 80 } }, 3),
  ])
    expect(other).not.toBe(identity);
});

test('workers step down only from root; maps are a line per entry', () => {
  expect(configText({ ...settings, asRoot: false }, 1, pictureOf(table))).not.toContain('user haproxy');
  expect(mapText(pictureOf(table).places)).toBe('one.localhost id-one:b0\n');
});

test('TLS has a listener of its own, and nothing of it is there without one', () => {
  const plain = configText(settings, 1, pictureOf(table));
  expect(plain).not.toMatch(/ssl|acme-challenge|secure/);
  const text = configText({ ...settings, https: { host: '::', port: 443 } }, 1, pictureOf(table));
  const tls = 'ssl crt-list /router/certificates/list alpn h2,http/1.1';
  expect(text).toContain(`  bind 0.0.0.0:443 ${tls}\n  bind [::]:443 v6only ${tls}\n`);
  expect(text).toContain('  ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets\n');
  expect(text.match(/X-Forwarded-Proto \w+|X-Forwarded-Port \d+/g)).toEqual([
    ...['X-Forwarded-Proto http', 'X-Forwarded-Port 80', 'X-Forwarded-Proto https', 'X-Forwarded-Port 443'],
  ]);
  expect(text).toContain('redirect location https://%[req.hdr(host),host_only]%[pathq] code 308');
  const other = configText({ ...settings, https: { host: '::', port: 8443 } }, 1, pictureOf(table));
  expect(other).toContain('redirect location https://%[req.hdr(host),host_only]:8443%[pathq] code 308');
});

test('the page of names that no app has tells whose router it is, and nothing that an app answers does', () => {
  const text = configText({ ...settings, mark: '0123abcd' }, 1, pictureOf(table));
  expect(text.match(/^.*x-twelve-router.*$/gim)).toEqual([
    '  http-request return status 404 content-type "text/html; charset=utf-8" file /router/pages/unknown.html hdr Cache-Control no-store hdr X-Twelve-Router 0123abcd',
  ]);
  expect(configText(settings, 1, pictureOf(table))).not.toMatch(/x-twelve-router/i);
  expect(configIdentity({ ...settings, mark: '0123abcd' }, 1)).not.toBe(configIdentity(settings, 1));
});

test("an authority's question is answered over plain HTTP, before anything else is asked of the request", () => {
  const given = { ...settings, https: { host: '::', port: 443 }, acmeThumbprint: 'abc_-1' };
  const text = configText(given, 1, pictureOf(table));
  expect(text.match(/lf-string "%\[path,field\(-1,\/\)\]\.abc_-1"/g)).toHaveLength(1);
  expect(text.indexOf('acme-challenge')).toBeLessThan(text.indexOf('set-var(txn.place)'));
  expect(configIdentity(given, 1)).not.toBe(configIdentity({ ...given, acmeThumbprint: null }, 1));
});
