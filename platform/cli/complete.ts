// What may come next on a command line that is being written: commands, options, apps, process types.
import { scopes } from '../domain/access.ts';
import type { Command, Flag, World } from './command.ts';
import { completionScripts } from './completion-scripts.ts';
import { listRemotes } from './git-remote.ts';
import { createKnown, type Known } from './known-names.ts';
import { allCommands, findCommand } from './registry.ts';

export interface Candidate {
  value: string;
  about?: string;
}

/** The shell knows them better. */
export const filesHere: readonly Candidate[] = [];

const methods = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'];

/** @param words behind `twelve`; the last is the one that is being written */
export async function candidates(words: readonly string[], world: World): Promise<readonly Candidate[]> {
  const current = words.at(-1) ?? '';
  const [name, ...before] = words.slice(0, -1);
  const fits = (list: readonly Candidate[]): readonly Candidate[] =>
    list.filter(({ value }) => value.startsWith(current));
  if (name === undefined) return fits(await commandNames());
  const command = await findCommand(name);
  if (!command) return [];
  const known = createKnown(world);
  const flag = Object.entries(command.flags).find(takes(before.at(-1)));
  if (flag) return await valuesOf(flag, { before, world, known, fits });
  const [, joined = ''] = /^--([\w-]+)=/.exec(current) ?? [];
  const joinedFlag = command.flags[joined];
  if (joinedFlag) {
    const inner = current.slice(joined.length + 3);
    const only = (list: readonly Candidate[]) => list.filter(({ value }) => value.startsWith(inner));
    const values = await valuesOf([joined, joinedFlag], { before, world, known, fits: only });
    return values.map(({ value }) => ({ value: `--${joined}=${value}` }));
  }
  // From its first word on, the line is another program's.
  if (command.passThrough && given(command, before).length > 0) return filesHere;
  if (current.startsWith('-')) return fits(flagsOf(command));
  return await wordsFor(command, { before, world, known, fits });
}

interface Asked {
  before: readonly string[];
  world: World;
  known: Known;
  fits(list: readonly Candidate[]): readonly Candidate[];
}

const takes =
  (word: string | undefined) =>
  ([name, { type, short }]: [string, Flag]): boolean =>
    type === 'string' && word !== undefined && (word === `--${name}` || word === `-${short}`);

const plain = (values: readonly string[]): Candidate[] => values.map((value) => ({ value }));

/** What the help of an option begins with whose value is one. */
const isOfFiles = /^(the )?(\w+ )?(file|folder|archive)\b/;

/** An option's value. */
async function valuesOf([name, { help = '' }]: [string, Flag], asked: Asked): Promise<readonly Candidate[]> {
  const { world, known, fits } = asked;
  if (name === 'app' || name === 'confirm') return fits(plain(await known.apps()));
  if (name === 'process') return fits(plain(await known.processes(asked.before)));
  if (name === 'remote') return fits(plain((await listRemotes(world.cwd)).map((remote) => remote.name)));
  if (name === 'size') return fits(plain(await known.sizes()));
  if (name === 'source') return fits(plain(['app', 'twelve']));
  if (name === 'scope') return fits(plain(scopes));
  return isOfFiles.test(help) ? filesHere : [];
}

/** What stands in the usage line where the next word will be. */
async function wordsFor(command: Command, asked: Asked): Promise<readonly Candidate[]> {
  const places = command.usage.match(/<[^>]+>|\[[^\]-][^\]]*\]/g) ?? [];
  const index = given(command, asked.before).length;
  const place = places[index] ?? (command.usage.includes('…') ? places.at(-1) : undefined) ?? '';
  const { known, fits } = asked;
  if (/app\b/.test(place)) return fits(plain(await known.apps()));
  if (/type[:=]/.test(place)) return fits(plain((await known.types(asked.before)).map((type) => `${type}=`)));
  if (/\b(type|name)\b/.test(place) && command.name.startsWith('ps')) {
    const types = await known.types(asked.before);
    return fits(plain(command.name === 'ps' ? types : [...types, ...(await known.processes(asked.before))]));
  }
  if (/command/.test(place) && command.name === 'help') return fits(await commandNames());
  if (/shell/.test(place)) return fits(plain(Object.keys(completionScripts)));
  if (/method/.test(place)) return fits(plain(methods));
  if (/on\|off/.test(place)) return fits(plain(['on', 'off']));
  if (/^.(file|crt|key)\b/.test(place)) return filesHere;
  return [];
}

/** Words that are neither options nor their values. */
function given(command: Command, before: readonly string[]): string[] {
  return before.filter(
    (word, index) => !word.startsWith('-') && !Object.entries(command.flags).some(takes(before[index - 1])),
  );
}

async function commandNames(): Promise<Candidate[]> {
  const all = await allCommands();
  return all.flatMap(({ command }) =>
    [command.name, ...(command.aliases ?? [])].map((value) => ({ value, about: command.summary })),
  );
}

function flagsOf({ flags }: Command): Candidate[] {
  const own = Object.entries(flags).flatMap(([name, { help }]) =>
    help ? [{ value: `--${name}`, about: help }] : [],
  );
  return [...own, { value: '--help', about: 'explain this command' }];
}
