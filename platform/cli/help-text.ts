// What help prints, as text for a terminal of some width: pure.
import { usageLine } from './args.ts';
import type { Command } from './command.ts';
import { aligned } from './output.ts';

export interface Listed {
  topic: string;
  command: Command;
}

const start = [
  ['twelve login http://127.0.0.1:5480', "once, with a token from the server's machine"],
  ['twelve apps:create hello', 'in the folder of a git repository'],
  ['git push platform main', 'builds it and runs it'],
  ['twelve logs --tail', 'what it says'],
];

/** What there is, on one screen: each topic with the names of its commands. */
export function overview(all: readonly Listed[], width: number): string {
  const topics = [...new Set(all.map(({ topic }) => topic))];
  const column = Math.max(...topics.map((topic) => topic.length)) + 4;
  const names = topics.map((topic) => {
    const list = all.filter((one) => one.topic === topic).map(({ command }) => command.name);
    return hang(`  ${topic}`.padEnd(column), list.join('  '), width);
  });
  return [
    'Twelve runs your apps: git push, releases, processes, logs.',
    '',
    'Usage: twelve <command> [options]',
    '',
    'Begin with',
    ...aligned(start.map(([typed, what]) => [`  ${typed}`, what!])),
    '',
    'Commands',
    ...names,
    '',
    'twelve help <command>   its options, examples, and what is near it',
    'twelve help <topic>     what its commands do, such as: twelve help processes',
    'twelve help all         what every command does',
  ].join('\n');
}

/** What each does. */
export function listCommands(listed: readonly Listed[], width: number): string {
  const column = Math.max(...listed.map(({ command }) => command.name.length)) + 4;
  const lines = listed.flatMap(({ topic, command }, index) => [
    ...(listed[index - 1]?.topic === topic ? [] : ['', topic]),
    hang(`  ${command.name}`.padEnd(column), command.summary, width),
  ]);
  return [...lines.slice(1), '', '"twelve help <command>" shows its options and examples.'].join('\n');
}

/** By its name, or the word before the colon of its commands: `Processes`, `ps`, `builds:cache`. */
export function topicNamed(name: string, all: readonly Listed[]): readonly Listed[] {
  const wanted = name.toLowerCase().replace(/[ _-]/g, ' ');
  const byName = all.filter(
    ({ topic }) => topic.toLowerCase() === wanted || topic.toLowerCase().split(' ')[0] === wanted,
  );
  return byName.length > 0 ? byName : all.filter(({ command }) => command.name.startsWith(`${name}:`));
}

export function describeCommand(command: Command, all: readonly Listed[], width: number): string {
  const parts = [
    usageLine(command),
    wrap(`${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`, width),
    optionsOf(command, width),
    command.aliases ? `Also: ${command.aliases.map((alias) => `twelve ${alias}`).join(', ')}` : '',
    examplesOf(command),
    seeAlso(command, all, width),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function optionsOf({ flags }: Command, width: number): string {
  const shown = Object.entries(flags).flatMap(([name, { short, type, help }]) =>
    help
      ? [{ left: `  ${short ? `-${short}, ` : '    '}--${name}${type === 'string' ? ' <…>' : ''}`, help }]
      : [],
  );
  if (shown.length === 0) return '';
  const column = Math.max(...shown.map(({ left }) => left.length)) + 2;
  return ['Options', ...shown.map(({ left, help }) => hang(left.padEnd(column), help, width))].join('\n');
}

function examplesOf({ example, examples = [] }: Command): string {
  return [
    examples.length > 0 ? 'Examples' : 'Example',
    ...[example, ...examples].map((one) => `  ${one}`),
  ].join('\n');
}

/** The commands with the same word before the colon, or of the same topic where nothing has that. */
function seeAlso(command: Command, all: readonly Listed[], width: number): string {
  const word = (one: Command): string => one.name.split(':')[0]!;
  const topic = all.find((one) => one.command.name === command.name)?.topic;
  const others = all.filter((one) => one.command.name !== command.name);
  const near = others.filter((one) => word(one.command) === word(command));
  const chosen = near.length > 0 ? near : others.filter((one) => one.topic === topic);
  const names = [...(command.see ?? []), ...chosen.map((one) => one.command.name)];
  return names.length === 0 ? '' : hang('See also  ', names.join(', '), width);
}

/** Text behind something, its further lines below its first. */
function hang(before: string, text: string, width: number): string {
  const inner = Math.max(20, width - before.length);
  return wrap(text, inner)
    .split('\n')
    .join(`\n${' '.repeat(before.length)}`)
    .replace(/^/, before);
}

/** At blanks; words longer than a line stay whole. */
function wrap(text: string, width: number): string {
  const lines: string[] = [''];
  for (const word of text.split(/(?<=\s)(?=\S)/)) {
    const last = lines.at(-1)!;
    if (last !== '' && (last + word).trimEnd().length > width) lines.push(word);
    else lines[lines.length - 1] = last + word;
  }
  return lines.map((line) => line.trimEnd()).join('\n');
}
