// The convention of README and guide: which blocks are commands, what they print, and which of them share a shell.
import { type Block, type Page, readPages } from './markdown.ts';

/** A block of commands, to be run as it stands there. */
export interface Step {
  /** `docs/guide/02-first-push.md:27` */
  where: string;
  commands: string;
  /** Lines it prints, standard error included; empty: nothing. */
  shows: string[];
}

/** Steps that are typed into one shell, in this order. */
export interface Story {
  pages: string[];
  steps: Step[];
}

/** On a page: it does not go on in the shell of the page before. */
const newShell = 'a new shell, in the clone';

export function readStories(pages: readonly Page[]): { stories: Story[]; problems: string[] } {
  const stories: Story[] = [];
  const problems: string[] = [];
  for (const page of pages) {
    for (const { line, text } of page.comments)
      if (text !== newShell) problems.push(`${page.path}:${line}: the comment "${text}" has no meaning here`);
    if (page.blocks.length === 0) continue;
    if (stories.length === 0 || page.comments.some(({ text }) => text === newShell))
      stories.push({ pages: [], steps: [] });
    const story = stories.at(-1)!;
    story.pages.push(page.path);
    for (const block of page.blocks) {
      const problem = problemOf(block, page);
      if (problem) problems.push(`${page.path}:${block.line}: ${problem}`);
      else if (block.tag === 'sh') story.steps.push(toStep(block, page));
    }
  }
  return { stories, problems };
}

/** README, then the guide in reading order: two shells at least. */
export function readDocumentation(): { stories: Story[]; problems: string[] } {
  const read = [readPages('README.md'), readPages('docs/guide')].map(readStories);
  return {
    stories: read.flatMap((one) => one.stories),
    problems: read.flatMap((one) => one.problems),
  };
}

function problemOf(block: Block, page: Page): string | null {
  const { tag, options, text } = block;
  if (block.indented)
    return text.includes('►') ? null : 'what is no drawing stands in a block of its own kind, sh or text';
  if (tag !== 'sh' && tag !== 'text') return `a block of the kind "${tag}" has no meaning here`;
  if (block.nested) return 'a block in a list or a quotation is not looked at: move it out';
  if (options.length > 0) return `"${options.join(' ')}" says nothing about a block`;
  if (text.trim() === '') return 'there is nothing in it';
  if (tag === 'text' && !commandsBefore(block, page)) return 'output stands right below its commands';
  return null;
}

function commandsBefore(block: Block, page: Page): Block | undefined {
  return page.blocks.find((other) => other.tag === 'sh' && other.part === block.part - 1);
}

function toStep(block: Block, page: Page): Step {
  const output = page.blocks.find((other) => other.tag === 'text' && commandsBefore(other, page) === block);
  return {
    where: `${page.path}:${block.line}`,
    commands: block.text,
    shows: output ? output.text.split('\n') : [],
  };
}
