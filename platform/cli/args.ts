// Words and flags of a command line, checked against what the command takes.
import { parseArgs } from 'node:util';
import { nearest } from '../domain/nearest.ts';
import type { Command, Flag } from './command.ts';
import { usageError } from './errors.ts';

export interface Arguments {
  words: string[];
  flags: Record<string, string | boolean | (string | boolean)[] | undefined>;
}

const helpFlag: Flag = { type: 'boolean', short: 'h' };

/** @throws CliError (wrong usage) with a sentence and the usage line */
export function parseArguments(command: Command, argv: readonly string[]): Arguments {
  const flags: Record<string, Flag> = { ...command.flags, help: helpFlag };
  const [own, rest] = command.passThrough ? splitAtFirstWord(argv, flags) : [[...argv], []];
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: own, options: options(flags), allowPositionals: true, strict: true });
  } catch (error) {
    throw usageError(`${sentence(error as Error, Object.keys(flags))}\n${usageLine(command)}`);
  }
  const words = [...parsed.positionals, ...rest];
  if (!parsed.values['help']) {
    checkCount(command, words);
    checkEmpty(command, command.passThrough ? [] : words, parsed.values);
  }
  return { words, flags: parsed.values };
}

export function usageLine(command: Command): string {
  return `Usage: twelve ${command.usage}`;
}

function options(flags: Record<string, Flag>): NonNullable<Parameters<typeof parseArgs>[0]>['options'] {
  return Object.fromEntries(
    Object.entries(flags).map(([name, { type, short, multiple }]) => [
      name,
      { type, ...(short ? { short } : {}), multiple: multiple ?? false },
    ]),
  );
}

/** `run -a hello ls -l`: ours end where the user's command begins. */
function splitAtFirstWord(argv: readonly string[], flags: Record<string, Flag>): [string[], string[]] {
  for (let index = 0; index < argv.length; index++) {
    const arg = argv[index]!;
    if (arg === '--') return [argv.slice(0, index), argv.slice(index + 1)];
    if (!arg.startsWith('-') || arg === '-') return [argv.slice(0, index), argv.slice(index)];
    const takesNext = Object.entries(flags).some(
      ([name, flag]) => flag.type === 'string' && (arg === `--${name}` || arg === `-${flag.short}`),
    );
    if (takesNext) index++;
  }
  return [[...argv], []];
}

/** How many words a usage line asks for: `<must>` one, `[may]` none or one, `…` any number. */
export function wordCount(usage: string): { min: number; max: number } {
  const words = usage.match(/<[^>]+>|\[[^\]-][^\]]*\]/g) ?? [];
  const min = words.filter((word) => word.startsWith('<')).length;
  return { min, max: usage.includes('…') ? Number.POSITIVE_INFINITY : words.length };
}

function checkCount(command: Command, words: readonly string[]): void {
  const { min, max } = wordCount(command.usage);
  if (words.length >= min && words.length <= max) return;
  const what =
    words.length < min
      ? `${command.name} needs ${missing(command.usage, words.length)}.`
      : `${command.name} does not take "${words[max]}".${nearby(command, words[max]!)}`;
  throw usageError(`${what}\n${usageLine(command)}\nExample: ${command.example}`);
}

/** `ps:restart "$P"` without a P is not `ps:restart`, which is about all processes. */
function checkEmpty(command: Command, words: readonly string[], values: Arguments['flags']): void {
  const index = words.indexOf('');
  const option = Object.entries(command.flags).find(
    ([name, { mayBeEmpty }]) => !mayBeEmpty && [values[name]].flat().includes(''),
  )?.[0];
  if (index < 0 && option === undefined) return;
  const what = index < 0 ? `The option --${option}` : `Argument ${index + 1} of ${command.name}`;
  throw usageError(`${what} is empty. Is a variable of a script not set?\n${usageLine(command)}`);
}

/** The words of the usage line that must come and did not: `<from> and <to>`. */
function missing(usage: string, given: number): string {
  return (usage.match(/<[^>]+>/g) ?? []).slice(given).join(' and ');
}

/** `config set A=1` is a slip for `config:set A=1`. */
function nearby(command: Command, word: string): string {
  return /^[a-z]+$/.test(word) && !command.name.includes(':')
    ? ` Topic and command are joined by a colon: ${command.name}:${word}?`
    : '';
}

/** Node's own messages, shortened to what a user can act on. */
function sentence(error: Error & { code?: string }, known: readonly string[]): string {
  const flag = /'(?:-\w, )?(-{1,2}[^' ]+)/.exec(error.message)?.[1] ?? '';
  if (error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    const meant = flag.startsWith('--') ? nearest(flag.slice(2), known) : undefined;
    return `There is no option ${flag} here.${meant ? ` Did you mean --${meant}?` : ''}`;
  }
  if (error.code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') {
    return /does not take an argument/.test(error.message)
      ? `The option ${flag} takes no value.`
      : `The option ${flag} needs a value.`;
  }
  return error.message;
}
