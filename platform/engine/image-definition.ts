// What one image is made from: the bytes that decide about its name, and the tar that its build is given.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { PlatformError } from '../domain/errors.ts';

export interface Definition {
  /** With the Dockerfile. */
  folder: string;
  /** More files of the context: paths relative to `root`, under the same names there. */
  program?: { root: string; files: readonly string[] };
  /** Those that stay in the image. */
  buildArgs?: Readonly<Record<string, string>>;
}

/** Digest over names, executable bits and contents of all files, and the arguments; what else a checkout changes (times, umask) does not count. */
export async function readDefinition({ folder, program, buildArgs }: Definition): Promise<string> {
  const hash = createHash('sha256');
  const names = await readdir(folder, { recursive: true }).catch(() => {
    throw new PlatformError('internal_server_error', `The definition of an image is missing: ${folder}.`);
  });
  const add = async (root: string, name: string): Promise<void> => {
    const path = join(root, name);
    const stat = await lstat(path);
    if (!stat.isFile() && !stat.isSymbolicLink()) return;
    const content = stat.isFile() ? await readFile(path) : Buffer.from(await readlink(path));
    hash.update(`${name}\0${(stat.mode & 0o100) !== 0}\0${content.length}\0`).update(content);
  };
  for (const name of names.sort()) await add(folder, name);
  for (const name of program?.files ?? []) await add(program!.root, name);
  for (const name of Object.keys(buildArgs ?? {}).sort()) hash.update(`${name}=${buildArgs![name]}\0`);
  return hash.digest('hex');
}

/** The definition as a build context. */
export function contextOf({ folder, program }: Definition): Readable {
  const tar = spawn(
    'tar',
    [
      '--create',
      '--sort=name',
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '--mode=u=rwX,go=rX',
      '--mtime=@0',
      '--directory',
      folder,
      '.',
      ...(program ? ['--directory', program.root, '--null', '--files-from=-'] : []),
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  // A tar that died early says why on stderr; the pipe it broke adds nothing.
  tar.stdin.on('error', () => {}).end(program?.files.map((name) => `${name}\0`).join('') ?? '');
  let complaint = '';
  tar.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk;
  });
  // Node throws away what a program printed that has ended before anybody read: so it is read at once.
  const context = tar.stdout.pipe(new PassThrough());
  const fail = (why: string) =>
    context.destroy(new PlatformError('internal_server_error', `tar could not read ${folder}: ${why}`));
  tar.on('error', (error) => fail(error.message));
  tar.on('exit', (code) => {
    if (code) fail(complaint.trim());
  });
  return context;
}
