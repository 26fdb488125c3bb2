// The platform's own names: in which forms they are understood, and that no app gets one.
import { expect, test } from 'vitest';
import { parseAppName } from '../../../platform/domain/app.ts';
import { parseHostName } from '../../../platform/domain/host-name.ts';
import {
  nameOf,
  ownNameTaken,
  platformNames,
  requireForeign,
  requireForeignApp,
} from '../../../platform/domain/own-names.ts';

const settings = {
  domain: 'Apps.example.com',
  publicUrl: 'https://Paas.example.org:5443',
  apiNames: ['twelve', 'git.example.net'],
  api: { host: '127.0.0.1', port: 5480 },
  apiTls: { host: 'tls.example.edu', port: 5443 },
};

test('they are what the settings say, without addresses', () => {
  const names = ['apps.example.com', 'paas.example.org', 'twelve', 'git.example.net', 'tls.example.edu'];
  expect(platformNames(settings)).toEqual(names);
  const addresses = { api: { host: '::1', port: 1 }, apiTls: { host: '192.0.2.7', port: 2 } };
  expect(platformNames({ ...settings, ...addresses, publicUrl: 'http://[2001:db8::1]:80' })).toEqual([
    'apps.example.com',
    'twelve',
    'git.example.net',
  ]);
});

test.each([
  ['Paas.example.com.:80', 'paas.example.com'],
  ['Paas.example.com.', 'paas.example.com'],
  ['[::1]:5480', '::1'],
  ['[::1]', '::1'],
  ['::1', '::1'],
  ['a:b@c:80', 'a:b@c:80'],
])('%s names %s', (host, name) => expect(nameOf(host)).toBe(name));

test("the platform's own domain, and each of its other names, is not to be had", () => {
  const at = (name: string) => () => requireForeign(parseHostName(name), settings);
  expect(at('apps.example.com')).toThrow(/the platform's own domain/);
  expect(at('shop.apps.example.com')).toThrow(/the platform's own domain/);
  expect(at('*.apps.example.com')).toThrow(/the platform's own domain/);
  expect(at('paas.example.org')).toThrow(/is a name of the platform itself/);
  expect(at('GIT.example.net.')).toThrow(/is a name of the platform itself/);
  expect(at('tls.example.edu')).toThrow(/is a name of the platform itself/);
  expect(at('*.example.com')).toThrow(/would stand for apps\.example\.com too/);
  expect(at('*.example.org')).toThrow(/would stand for paas\.example\.org too/);
  for (const free of [
    'example.com',
    'myapps.example.com',
    'a.paas.example.org',
    '*.paas.example.org',
    '*.tls.example.org',
  ])
    expect(at(free)).not.toThrow();
});

test('nor is it by the name of an app', () => {
  const at = (name: string, host: string) => () => requireForeignApp(parseAppName(name), host, settings);
  expect(at('paas', 'paas.example.org')).toThrow(/"paas" would answer at paas\.example\.org/);
  expect(at('shop', 'shop.example.org')).not.toThrow();
});

test('of what was there before is told what to do', () => {
  const told = (name: string, builtIn = false) =>
    ownNameTaken({ name: parseAppName('shop') }, { name, builtIn }, platformNames(settings));
  expect(told('paas.example.org')).toMatch(/domains:remove paas\.example\.org -a shop$/);
  expect(told('paas.example.org', true)).toMatch(/apps:rename NEW-NAME -a shop$/);
  expect(told('*.example.org')).toMatch(
    /^paas\.example\.org is .* though \*\.example\.org, a domain of shop/,
  );
  expect(told('www.example.org')).toBeNull();
});
