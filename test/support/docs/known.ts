// Whether what a page names is there: commands of `twelve` with their options, scripts with theirs, npm's scripts, files.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseArguments, wordCount } from '../../../platform/cli/args.ts';
import { findCommand } from '../../../platform/cli/registry.ts';
import { root } from '../server-process.ts';

const run = promisify(execFile);
/** `<name>`, `…`: something of the reader's. */
const isPlaceholder = (word: string): boolean => /[<…]/.test(word);

/**
 * @param words a command as a shell hands it over
 * @param whole false: it is only talked about, so that what it takes may be missing
 * @returns what is wrong with it; null for nothing, and for programs that are not ours
 */
export async function problemOf(words: readonly string[], whole: boolean): Promise<string | null> {
  const [program = '', ...args] = words;
  if (program === 'twelve') return await ofTwelve(args, whole);
  const script = /^(?:\.\/)?(scripts\/.+)$/.exec(program)?.[1];
  if (script) return await ofScript(script, args);
  if (program === 'npm' && args[0] === 'run') return ofNpm(args[1] ?? '');
  if (program === 'node' || program === 'npx') return ofFiles(args);
  return null;
}

async function ofTwelve([name, ...args]: readonly string[], whole: boolean): Promise<string | null> {
  if (name === undefined || isPlaceholder(name)) return null;
  const command = await findCommand(name);
  if (!command) return `there is no command "twelve ${name}"`;
  // Its words are the server's own, which has one.
  if (name === 'server') return args.every((arg) => arg === '--help') ? null : 'twelve server takes --help';
  const given = args.filter((arg) => arg !== '…');
  if (!whole && !given.some((arg) => !arg.startsWith('-')))
    given.push(...Array.from({ length: wordCount(command.usage).min }, () => 'word'));
  try {
    parseArguments(command, given);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

async function ofScript(script: string, args: readonly string[]): Promise<string | null> {
  if (!existsSync(join(root, script))) return `there is no ${script}`;
  // What follows `within` is a command of its own.
  const own = args.slice(0, args.indexOf('within') + 1 || args.length);
  const help = await explained(script);
  // `--domain NAME`: what follows is anybody's.
  const takesValue = (option: string | undefined): boolean =>
    / --/.test(` ${option}`) && new RegExp(`${option} [A-Z]`).test(help);
  const words = own
    .filter((_, at) => !takesValue(own[at - 1]))
    .flatMap((arg) => arg.split('=', 1))
    .filter((arg) => !isPlaceholder(arg));
  if (words.length === 0) return null;
  const known = new Set(help.match(/[\w-]+(?:\/[\w-]+)*/g));
  const unknown = words.find((word) => !known.has(word) && !isFile(word));
  return unknown === undefined ? null : `${script} says nothing of "${unknown}"`;
}

const told = new Map<string, Promise<string>>();

/** What a script says of itself; of the benchmarks also which ones there are. */
function explained(script: string): Promise<string> {
  const found = told.get(script) ?? ask(script);
  told.set(script, found);
  return found;
}

async function ask(script: string): Promise<string> {
  if (script !== 'scripts/bench') return (await run(join(root, script), ['--help'])).stdout;
  // Beside the script, which compiles the program first.
  const main = ['--import', 'tsx', join(root, 'test/bench/main.ts')];
  const both = await Promise.all(
    ['--help', '--list'].map((option) => run(process.execPath, [...main, option], { cwd: root })),
  );
  return both.map(({ stdout }) => stdout).join('\n');
}

function ofNpm(name: string): string | null {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.hasOwn(scripts, name) ? null : `package.json has no script "${name}"`;
}

function ofFiles(args: readonly string[]): string | null {
  const missing = args.find((arg) => isOfRepository(arg) && !isFile(arg));
  return missing === undefined ? null : `there is no ${missing}`;
}

const isFile = (path: string): boolean => existsSync(join(root, path));

/** `platform/main.ts`, but no pattern or part of one: `test/unit/<room>/`, `…/cli`. */
export function isOfRepository(text: string): boolean {
  return /^(?:\.\/)?(?:apps|buildpacks|docs|platform|scripts|test)\/[\w./-]*$/.test(text);
}
