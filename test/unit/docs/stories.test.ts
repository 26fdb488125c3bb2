// The convention of the pages, on pages made up for it.
import { expect, it } from 'vitest';
import { parsePage } from '../../support/docs/markdown.ts';
import { readStories } from '../../support/docs/stories.ts';

const fence = '```';
const block = (tag: string, ...lines: string[]): string => [fence + tag, ...lines, fence, ''].join('\n');
const read = (...texts: string[]) =>
  readStories(texts.map((text, index) => parsePage(`${index + 1}.md`, text)));

it('takes commands and, right below, what they print', () => {
  const text = `# Title\n\nText.\n\n${block('sh', 'one', 'two')}\n${block('text', 'first', '', 'second')}\nAnd:\n\n${block('sh', 'three')}`;
  expect(read(text)).toEqual({
    problems: [],
    stories: [
      {
        pages: ['1.md'],
        steps: [
          { where: '1.md:5', commands: 'one\ntwo', shows: ['first', '', 'second'] },
          { where: '1.md:18', commands: 'three', shows: [] },
        ],
      },
    ],
  });
});

it('a page goes on in the shell of the page before, unless it says otherwise', () => {
  const pages = [
    block('sh', 'a'),
    'No commands.\n',
    block('sh', 'b'),
    `# T\n\n<!-- a new shell, in the clone -->\n\n${block('sh', 'c')}`,
  ];
  expect(read(...pages).stories.map((story) => story.pages)).toEqual([['1.md', '3.md'], ['4.md']]);
});

it('lets drawings be', () => {
  expect(read('Text:\n\n    git push ─► build\n')).toMatchObject({ problems: [] });
});

it.each([
  ['a kind nobody knows', block('bash', 'ls'), 'a block of the kind "bash"'],
  ['no kind', block('', 'ls'), 'a block of the kind ""'],
  ['a transcript', block('console', '$ ls', 'file'), 'a block of the kind "console"'],
  ['an indented block', 'Type:\n\n    twelve apps\n', 'what is no drawing'],
  ['a word nobody knows', block('sh quietly', 'ls'), '"quietly" says nothing'],
  ['an empty block', block('sh', ''), 'there is nothing in it'],
  ['output without commands', `Text.\n\n${block('text', 'file')}`, 'output stands right below its commands'],
  [
    'output that a sentence parts from its commands',
    `${block('sh', 'ls')}\nIt prints:\n\n${block('text', 'file')}`,
    'output stands right below its commands',
  ],
  [
    'a second output',
    `${block('sh', 'ls')}\n${block('text', 'file')}\n${block('text', 'more')}`,
    'output stands right below its commands',
  ],
  ['a block in a list', `- Type:\n\n  ${block('sh', 'ls').replaceAll('\n', '\n  ')}`, 'move it out'],
  ['an unknown comment', `<!-- new shell -->\n\n${block('sh', 'ls')}`, 'the comment "new shell"'],
])('refuses %s', (_what, text, problem) => {
  expect(read(text).problems).toEqual([expect.stringContaining(problem)]);
});

it('says on which line', () => {
  expect(read(`# T\n\nText\nof two lines.\n\n${block('php', 'x')}`).problems[0]).toMatch(/^1\.md:6: /);
});
