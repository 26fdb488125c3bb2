// The server's end of the pre-receive hook: three descriptors that git inherits and hands on to the hook.
// Against a Node program that connects to a socket: nothing to find, nothing to prove, 3 ms of start-up instead of 67.
import type { ChildProcess } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { PlatformError } from '../domain/errors.ts';
import type { RefUpdate } from './rules.ts';

export interface Question {
  updates: RefUpdate[];
  /** What git needs to see objects that are still quarantined. */
  gitEnv: Record<string, string>;
}

export interface Hook {
  /** null when git ended without asking: nothing to push, or the objects were refused. */
  question: Promise<Question | null>;
  /** Shown at once. */
  say(line: string): void;
  /** Ends the hook. */
  answer(answer: 'accept' | 'refuse'): void;
}

/** For `spawn`: the usual three, then question, text and answer. */
export const hookStdio: 'pipe'[] = ['pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'];

export function openHook(child: ChildProcess): Hook {
  const [, , , question, text, answer] = child.stdio as unknown as [
    ...Writable[],
    Readable,
    Writable,
    Writable,
  ];
  for (const stream of [question, text, answer] as unknown as Readable[]) stream.on('error', () => {});
  // Nothing ever comes from there, but only a stream that is read notices that the other side has closed.
  for (const stream of [text, answer] as unknown as Readable[]) stream.resume();
  return {
    question: readQuestion(question as unknown as Readable),
    say: (line) => void ((text as Writable).writable && (text as Writable).write(`${line}\n`)),
    answer: (word) => {
      (answer as Writable).end(`${word}\n`);
      (text as Writable).end();
    },
  };
}

/** The hook's lines: `NAME=value`, then `<from> <to> <ref>` as git gives them, then `end`. */
async function readQuestion(input: Readable): Promise<Question | null> {
  const question: Question = { updates: [], gitEnv: {} };
  for await (const line of createInterface({ input })) {
    if (line === 'end') return question;
    const variable = /^(GIT_[A-Z_]+)=(.*)$/.exec(line);
    if (variable) {
      if (variable[2]) question.gitEnv[variable[1]!] = variable[2];
      continue;
    }
    const [from, to, ...ref] = line.split(' ');
    question.updates.push({ from: from!, to: to!, ref: ref.join(' ') });
  }
  return null;
}

/**
 * The folder with the hook, the same in the source tree and beside compiled code.
 * @throws PlatformError `service_unavailable` when git would not run it: it would then store pushes without asking
 */
export function findHooks(): string {
  let root = import.meta.dirname;
  while (!existsSync(join(root, 'package.json')) && dirname(root) !== root) root = dirname(root);
  const folder = join(root, 'platform', 'git', 'hooks');
  try {
    accessSync(join(folder, 'pre-receive'), constants.X_OK);
  } catch (cause) {
    throw new PlatformError(
      'service_unavailable',
      `${join(folder, 'pre-receive')} is missing or not executable, so pushes cannot be received. Restore it, or run: chmod +x on it.`,
      {},
      { cause },
    );
  }
  return folder;
}
