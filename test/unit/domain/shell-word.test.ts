// Names of users in sentences and commands: what a person copies does what it says, and nothing moves the terminal.
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { shellWord, shownName } from '../../../platform/domain/shell-word.ts';

it.each(['plain/Path-1.txt', 'a b', "it's", '$(reboot)', '`x`', 'a"b', '*', ';', '\\', 'ä', '🎈', ''])(
  'the word for %j is that for a shell',
  (text) => {
    const word = shellWord(text)!;
    expect(execFileSync('/bin/bash', ['-c', `printf %s ${word}`], { encoding: 'utf8' })).toBe(text);
  },
);

it.each(['\u001b[2J', 'a\nb', 'a\u009bb', '\u202egnp', 'a\u200bb', '\u{e0041}', '\ud83d'])(
  'for %j there is none, and it is spelt out where it is shown',
  (text) => {
    expect(shellWord(text)).toBeNull();
    expect(shownName(text)).toMatch(/^"[ -~]+"$/);
  },
);

it('a name is shown as it is, and one without end is not shown whole', () => {
  expect(shownName('Prócfile 🎈')).toBe('"Prócfile 🎈"');
  expect(shownName('x'.repeat(5000)).length).toBeLessThan(210);
});
