// What is read from a page.
import { expect, it } from 'vitest';
import { parsePage } from '../../support/docs/markdown.ts';

it('links and inline code, wherever they stand, with their lines', () => {
  const page = parsePage(
    'a.md',
    '# T\n\nA [link](b.md#c), `code`\nand ![image](d.png).\n\n| a | b |\n| --- | --- |\n| `x \\| y` | [`z`][ref] |\n\n[ref]: e.md\n\n- `in a list`\n\n```sh\n[no](link.md) `no code`\n```\n',
  );
  expect(page.links).toEqual([
    { line: 3, text: 'b.md#c' },
    { line: 4, text: 'd.png' },
    { line: 8, text: 'e.md' },
  ]);
  expect(page.inlineCode).toEqual([
    { line: 3, text: 'code' },
    { line: 8, text: 'x | y' },
    { line: 8, text: 'z' },
    { line: 12, text: 'in a list' },
  ]);
  expect(page.brokenReferences).toEqual([]);
});

it('references to names that are not defined', () => {
  expect(parsePage('a.md', 'See [that][nowhere].\n').brokenReferences).toEqual([
    { line: 1, text: '[that][nowhere]' },
  ]);
});

it('anchors as GitHub names them', () => {
  const page = parsePage(
    'a.md',
    '# What is not there yet\n\n## `node`: with npm, or not?\n\n## node\n\n## node\n\n### A [link](x.md) & more\n',
  );
  expect([...page.anchors]).toEqual([
    'what-is-not-there-yet',
    'node-with-npm-or-not',
    'node',
    'node-1',
    'a-link--more',
  ]);
});

it('comments, and blocks with what stands beside them', () => {
  const page = parsePage(
    'a.md',
    '<!-- a word -->\n\n```sh loudly\none\n```\n\n```text\ntwo\n```\n\n    three\n',
  );
  expect(page.comments).toEqual([{ line: 1, text: 'a word' }]);
  expect(page.blocks).toEqual([
    { line: 3, tag: 'sh', options: ['loudly'], text: 'one', indented: false, nested: false, part: 2 },
    { line: 7, tag: 'text', options: [], text: 'two', indented: false, nested: false, part: 3 },
    { line: 11, tag: '', options: [], text: 'three', indented: true, nested: false, part: 4 },
  ]);
});
