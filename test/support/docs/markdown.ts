// Markdown as the tests of the documentation look at it: code blocks, inline code, links and anchors, each with its line.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { marked, type Token } from 'marked';
import { root } from '../server-process.ts';

export interface Block {
  line: number;
  /** First word after the fence; empty where there is none, and for blocks that are made by indenting. */
  tag: string;
  /** The words after the tag. */
  options: string[];
  text: string;
  indented: boolean;
  /** Inside a list or a quotation. */
  nested: boolean;
  /** Number of the part of the page, counted without blank lines: neighbours have neighbouring numbers. */
  part: number;
}

export interface Piece {
  line: number;
  text: string;
}

export interface Page {
  /** From the root of the repository. */
  path: string;
  blocks: Block[];
  /** What stands between `<!--` and `-->`. */
  comments: Piece[];
  inlineCode: Piece[];
  /** Targets. */
  links: Piece[];
  /** Of `[text][name]` where no such name is defined, which readers see as it stands there. */
  brokenReferences: Piece[];
  /** Names of its headings in links. */
  anchors: Set<string>;
}

export function parsePage(path: string, text: string): Page {
  const page: Page = {
    path,
    blocks: [],
    comments: [],
    inlineCode: [],
    links: [],
    brokenReferences: [],
    anchors: new Set(),
  };
  let line = 1;
  let part = 0;
  for (const outer of marked.lexer(text)) {
    if (outer.type !== 'space') part += 1;
    const first = line;
    const whole = unescaped(outer.raw);
    marked.walkTokens([outer], (token) => {
      const before = whole.slice(0, Math.max(0, whole.indexOf(unescaped(token.raw))));
      take(page, token, { line: first + linesIn(before), part, nested: token !== outer });
    });
    line += linesIn(outer.raw);
  }
  return page;
}

/** In a table a bar is escaped, which its cells no longer show. */
const unescaped = (text: string): string => text.replaceAll('\\|', '|');
const linesIn = (text: string): number => text.split('\n').length - 1;

function take(page: Page, token: Token, at: { line: number; part: number; nested: boolean }): void {
  const { line } = at;
  switch (token.type) {
    case 'code': {
      const [tag = '', ...options] = (token['lang'] ?? '').split(/\s+/).filter(Boolean);
      page.blocks.push({
        ...at,
        tag,
        options,
        text: token['text'].trimEnd(),
        indented: token['codeBlockStyle'] === 'indented',
      });
      break;
    }
    case 'html':
      for (const [, text] of token.raw.matchAll(/<!--([\s\S]*?)-->/g))
        page.comments.push({ line, text: text!.trim() });
      break;
    case 'codespan':
      page.inlineCode.push({ line, text: token['text'] });
      break;
    case 'link':
    case 'image':
      page.links.push({ line, text: token['href'] });
      break;
    case 'text':
      // A text with parts inside is looked at part by part.
      if (!token['tokens'])
        for (const [whole] of token.raw.matchAll(/\[[^\]]+\]\[[^\]]*\]/g))
          page.brokenReferences.push({ line, text: whole });
      break;
    case 'heading':
      page.anchors.add(anchorOf(token['text'], page.anchors));
  }
}

/** As GitHub names it: lower case, no punctuation, dashes for blanks; numbered when it comes again. */
function anchorOf(heading: string, taken: Set<string>): string {
  const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
  const name = words.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
  for (let number = 0; ; number++) {
    const numbered = number === 0 ? name : `${name}-${number}`;
    if (!taken.has(numbered)) return numbered;
  }
}

/** @param path a file or folder of the repository; of a folder, all pages below it in the order of their names */
export function readPages(path: string): Page[] {
  if (path.endsWith('.md')) return [parsePage(path, readFileSync(join(root, path), 'utf8'))];
  return readdirSync(join(root, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((name) => !name.split('/').includes('node_modules'))
    .sort()
    .flatMap(readPages);
}
