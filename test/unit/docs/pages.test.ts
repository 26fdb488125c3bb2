// What the repository's pages say is there: commands, options, scripts, files, settings, links.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { join as joined } from 'node:path/posix';
import { expect, it } from 'vitest';
import { findCommand, rooms } from '../../../platform/cli/registry.ts';
import { settings } from '../../../platform/config.ts';
import { isOfRepository, problemOf } from '../../support/docs/known.ts';
import { documented } from '../../support/docs/machine.ts';
import { type Page, type Piece, readPages } from '../../support/docs/markdown.ts';
import { commandsIn } from '../../support/docs/mentions.ts';
import { readDocumentation } from '../../support/docs/stories.ts';
import { root } from '../../support/server-process.ts';

const pages = readPages('.');
const page = (path: string): Page => pages.find((one) => one.path === path)!;

/** `path:line: what is wrong`, of every piece with something wrong. */
async function complaints(
  piecesOf: (page: Page) => Piece[],
  problem: (text: string, page: Page) => string | null | Promise<string | null>,
): Promise<string[]> {
  const found: string[] = [];
  for (const one of pages)
    for (const { line, text } of piecesOf(one)) {
      const wrong = await problem(text, one);
      if (wrong) found.push(`${one.path}:${line}: ${text}: ${wrong}`);
    }
  return found;
}

async function wrongCommand(text: string, whole: boolean): Promise<string | null> {
  const problems = await Promise.all(commandsIn(text).map((words) => problemOf(words, whole)));
  return problems.filter((one) => one !== null).join('; ') || null;
}

it('finds the pages', () => {
  const paths = pages.map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'docs/reference/cli.md']));
  expect(paths.length).toBeGreaterThan(40);
});

it('README and guide consist of blocks whose meaning is known', () => {
  const { stories, problems } = readDocumentation();
  expect(problems).toEqual([]);
  expect(stories.flatMap((story) => story.steps).length).toBeGreaterThan(25);
});

it('the guide lists all of its pages, in their order', () => {
  const listed = page('docs/guide/README.md').links.map(({ text }) => `docs/guide/${text}`);
  const there = pages.map(({ path }) => path).filter((path) => /^docs\/guide\/\d/.test(path));
  expect(listed).toEqual(there);
});

it('commands in blocks are known, with every option and argument', async () => {
  // Beside the guide a block may be a listing, with a remark on each line.
  const lines = (one: Page): Piece[] =>
    one.blocks.flatMap(({ line, tag, text }) =>
      tag === 'sh'
        ? [{ line, text }]
        : text.split('\n').map((each) => ({ line, text: each.trim().split(/ {2,}/)[0]! })),
    );
  expect(await complaints(lines, (text) => wrongCommand(text, true))).toEqual([]);
});

it('commands in sentences and tables are known', async () => {
  expect(
    await complaints(
      (one) => one.inlineCode,
      (text) => wrongCommand(text, false),
    ),
  ).toEqual([]);
});

it('files that are named exist', async () => {
  const missing = (text: string, { path }: Page): string | null =>
    isOfRepository(text) && ![root, join(root, path, '..')].some((from) => existsSync(join(from, text)))
      ? 'there is no such file'
      : null;
  expect(await complaints((one) => one.inlineCode, missing)).toEqual([]);
});

it('settings that are named exist', async () => {
  // Beside the server's own: the command line's, those of scripts and compose, and what processes of apps get.
  const sources = [
    'platform/cli/environment.ts',
    'platform/processes/container.ts',
    'docker-compose.yml',
    'scripts/setup',
    'scripts/test',
  ];
  const inSources = sources.map((path) => readFileSync(join(root, path), 'utf8')).join('\n');
  const known = new Set([...settings.map(({ name }) => name), ...inSources.match(/\bTWELVE_[A-Z_]+\b/g)!]);
  const unknown = (text: string): string | null =>
    text.match(/\bTWELVE_[A-Z_]*[A-Z]\b/g)?.find((name) => !known.has(name)) ?? null;
  expect(await complaints((one) => one.inlineCode, unknown)).toEqual([]);
});

it('the reference has every command with its usage, and every setting', async () => {
  const cli = page('docs/reference/cli.md').inlineCode.map(({ text }) => text);
  for (const name of rooms.flatMap((room) => room.names)) {
    const command = (await findCommand(name))!;
    if (command.hidden || command.aliases?.includes(name)) continue;
    expect(cli).toContain(command.usage);
  }
  const named = page('docs/reference/settings.md').inlineCode.map(({ text }) => text);
  expect(named).toEqual(expect.arrayContaining(settings.map(({ name }) => name)));
});

it('the address that the guide leaves to the default is the default', () => {
  expect(settings.find(({ name }) => name === 'TWELVE_API')?.default).toBe(documented.api);
});

it('links lead somewhere', async () => {
  const wrong = (target: string, { path }: Page): string | null => {
    if (/^(?:https?|mailto):/.test(target)) return null;
    const [file = '', anchor] = decodeURI(target).split('#', 2) as [string, string?];
    const to = file === '' ? path : joined(path, '..', file);
    if (to.startsWith('..') || !existsSync(join(root, to))) return 'there is no such file';
    if (anchor === undefined) return null;
    const anchors = statSync(join(root, to)).isDirectory() ? undefined : page(to)?.anchors;
    return anchors?.has(anchor) ? null : `${to} has no heading of that name`;
  };
  expect(await complaints((one) => one.links, wrong)).toEqual([]);
  expect(
    await complaints(
      (one) => one.brokenReferences,
      () => 'no such name is defined',
    ),
  ).toEqual([]);
});
