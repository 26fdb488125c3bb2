// Custom domains: which names are taken, in which form, and what is said of the others.
import { expect, test } from 'vitest';
import { parseHostName } from '../../../platform/domain/host-name.ts';

test.each([
  ['www.example.com', 'www.example.com'],
  ['WWW.Example.COM.', 'www.example.com'],
  ['*.example.com', '*.example.com'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['*.Bücher.example', '*.xn--bcher-kva.example'],
  ['_dmarc.example.com', '_dmarc.example.com'],
  ['a-b.c1.example', 'a-b.c1.example'],
])('%s is %s', (text, name) => expect(parseHostName(text)).toBe(name));

test.each([
  ['http://example.com', /give the name alone/],
  ['example.com:80', /without port or path/],
  ['example.com/path', /without port or path/],
  ['two words.com', /without port or path/],
  ['example', /at least two parts/],
  ['*.com', /at least two parts/],
  ['*', /a wildcard stands for the first part only/],
  ['www.*.com', /a wildcard stands for the first part only/],
  ['*.*.example.com', /a wildcard stands for the first part only/],
  ['w*.example.com', /a wildcard stands for the first part only/],
  ['192.0.2.7', /an address is no name/],
  ['example.7', /an address is no name|parts of letters/],
  ['', /parts of letters/],
  ['-a.example.com', /parts of letters/],
  ['a..example.com', /parts of letters/],
  ['a;b.example.com', /parts of letters/],
  [`${'a'.repeat(64)}.example.com`, /parts of letters/],
  [`${'a.'.repeat(130)}com`, /parts of letters/],
])('%j is none', (text, why) => expect(() => parseHostName(text)).toThrow(why));
