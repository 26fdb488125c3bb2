// What a command is, and what it is handed when it runs.
import type { EventEmitter } from 'node:events';
import type { ReadStream, WriteStream } from 'node:tty';
import type { Client } from './client.ts';
import type { Environment } from './environment.ts';
import type { Output } from './output.ts';

/** The process around a command; tests make their own. */
export interface World {
  env: Environment;
  cwd: string;
  readonly stdin: ReadStream;
  stdout: WriteStream;
  stderr: WriteStream;
  /** Emits SIGINT and its kin: the process. */
  signals: EventEmitter;
}

export interface Flag {
  type: 'boolean' | 'string';
  short?: string;
  multiple?: boolean;
  /** An empty value means something. */
  mayBeEmpty?: boolean;
  /** Shown by help; flags without it are not shown. */
  help?: string;
}

export interface Command {
  /** `topic:command`, as on Heroku. */
  name: string;
  aliases?: readonly string[];
  /** `apps:create [name]`: also says how many words it takes (`<must>`, `[may]`, `…` for several). */
  usage: string;
  summary: string;
  example: string;
  /** Beside that one. */
  examples?: readonly string[];
  /** What else help points to, beside the commands of its topic. */
  see?: readonly string[];
  flags: Readonly<Record<string, Flag>>;
  /** Not listed by help. */
  hidden?: boolean;
  /** From the first word on, everything belongs to the user's own command line (`run`). */
  passThrough?: boolean;
  /** Handles signals itself. */
  ownSignals?: boolean;
  /** @returns the exit status; nothing means 0 */
  // biome-ignore lint/suspicious/noConfusingVoidType: a command that returns nothing has done its work
  run(call: Call): Promise<number | void>;
}

/** One invocation. */
export interface Call {
  words: readonly string[];
  /** A flag's value. */
  text(flag: string): string | undefined;
  all(flag: string): readonly string[];
  on(flag: string): boolean;
  world: World;
  out: Output;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  /** The server, with the caller's token. @throws CliError when there is no login */
  api(): Client;
  /** The app meant. @throws CliError when it is not clear which */
  app(): Promise<string>;
}

/** Where the API has an app, by its name or id. */
export const appPath = (app: string): string => `/apps/${encodeURIComponent(app)}`;

export const appFlags: Readonly<Record<string, Flag>> = {
  app: { type: 'string', short: 'a', help: 'the app; otherwise TWELVE_APP, otherwise the git remote' },
  remote: { type: 'string', short: 'r', help: 'the git remote that says which app' },
};
export const jsonFlag: Readonly<Record<string, Flag>> = {
  json: { type: 'boolean', help: 'as JSON' },
};
