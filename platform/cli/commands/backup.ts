// server:backup: everything that cannot be made again, as one file; it is there whole or not at all.
import { createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { messageOf } from '../../domain/errors.ts';
import type { Call, Command } from '../command.ts';
import { CliError, usageError } from '../errors.ts';
import { size } from '../terminal-text.ts';

const backup: Command = {
  name: 'server:backup',
  usage: 'server:backup [file]',
  summary:
    'write a backup of the whole platform, while it runs, to a file (.gz, .tgz: packed) or standard output',
  example: 'twelve server:backup twelve.tgz',
  flags: {},
  async run(call) {
    const [file] = call.words;
    if (file === undefined) return await toOutput(call);
    const path = resolve(call.world.cwd, file);
    await call.out.during(`Writing ${file}`, () => toFile(call, path), size);
    call.out.notice(
      `${file} holds everything but the key. On the server's machine: twelve server:key <file>`,
    );
  },
};

async function toOutput(call: Call): Promise<void> {
  const { stdout } = call.world;
  if (stdout.isTTY)
    throw usageError('A backup is no text. Name a file, or send it on: twelve server:backup > twelve.tar');
  const response = await begin(call);
  await receive(call, response, async () => pipeline(response, stdout, { end: false, signal: call.signal }));
}

async function toFile(call: Call, path: string): Promise<number> {
  const part = `${path}.part`;
  const response = await begin(call);
  try {
    // Of one that was killed; it may be somebody's who wants to read ours.
    await rm(part, { force: true });
    const packed = /\.t?gz$/.test(path);
    await receive(call, response, async () => {
      const target = createWriteStream(part, { mode: 0o600, flags: 'wx' });
      const { signal } = call;
      // Fast rather than small: layers are gigabytes.
      if (packed) await pipeline(response, createGzip({ level: 1 }), target, { signal });
      else await pipeline(response, target, { signal });
    });
    return await putInPlace(part, path).catch((error: NodeJS.ErrnoException) => {
      throw unwritten(error);
    });
  } catch (error) {
    response.destroy();
    await rm(part, { force: true });
    throw error;
  }
}

/** Some disks say only here that they are full. @returns its size */
async function putInPlace(part: string, path: string): Promise<number> {
  const written = await open(part, 'r+');
  await written.sync().finally(() => written.close());
  await rename(part, path);
  return (await stat(path)).size;
}

function unwritten({ code, message }: NodeJS.ErrnoException): CliError {
  const why = code === 'ENOSPC' ? 'the disk here is full' : (code ?? message);
  return new CliError(`The backup could not be written (${why}): nothing was kept.`);
}

async function begin(call: Call): Promise<IncomingMessage> {
  return await call.api().download('/server/backup');
}

/** What was sent is all of it: the connection did not break, and the server says nothing against it. */
async function receive(call: Call, response: IncomingMessage, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    call.signal.throwIfAborted();
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall && code !== 'ECONNRESET') throw unwritten(error as NodeJS.ErrnoException);
    throw new CliError(
      `The backup broke off (${messageOf(error)}): nothing was kept. The server's log says more.`,
    );
  }
  if (!response.complete)
    throw new CliError("The backup broke off: nothing was kept. The server's log says more.");
  for (const text of [response.headers['warning-message'], response.trailers['warning-message']])
    if (typeof text === 'string') call.out.warn(text);
}

export const commands: readonly Command[] = [backup];
