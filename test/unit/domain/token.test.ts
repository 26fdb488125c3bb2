// The token in an Authorization header, the same for the API and for git.
import { expect, it } from 'vitest';
import { tokenOf } from '../../../platform/domain/token.ts';

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

it.each([
  ['Bearer abc', 'abc'],
  ['bearer  abc ', 'abc'],
  [basic('heroku:abc'), 'abc'],
  [basic(':a:c'), 'a:c'],
  [basic('any:ünï'), 'ünï'],
  [basic(':abc').replace('Basic', 'bASIC'), 'abc'],
])('%s', (header, token) => {
  expect(tokenOf(header)).toBe(token);
});

it.each([
  [undefined],
  [''],
  ['Bearer'],
  ['Bearer '],
  ['Bearer a b'],
  ['Bearerabc'],
  ['Token abc'],
  ['abc'],
  [basic('any:')],
  // A name and no password is no token, whichever of the two is asked.
  [basic('abc')],
  ['Basic !!!'],
  ['Basic'],
])('%s holds none', (header) => {
  expect(tokenOf(header)).toBeNull();
});
