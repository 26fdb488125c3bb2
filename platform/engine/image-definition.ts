// The folder of one image: the bytes its name is made from, and the tar its build is given.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { PlatformError } from '../domain/errors.ts';

/** Digest over names, executable bits and contents of all files; what else a checkout changes (times, umask) does not count. */
export async function readDefinition(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const names = await readdir(folder, { recursive: true }).catch(() => {
    throw new PlatformError('internal_server_error', `The definition of an image is missing: ${folder}.`);
  });
  for (const name of names.sort()) {
    const path = join(folder, name);
    const stat = await lstat(path);
    if (!stat.isFile()) continue;
    const content = await readFile(path);
    hash.update(`${name}\0${(stat.mode & 0o100) !== 0}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** The folder as a build context. */
export function contextOf(folder: string): Readable {
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
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let complaint = '';
  tar.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk;
  });
  const fail = (why: string) =>
    tar.stdout.destroy(new PlatformError('internal_server_error', `tar could not read ${folder}: ${why}`));
  tar.on('error', (error) => fail(error.message));
  tar.on('exit', (code) => {
    if (code) fail(complaint.trim());
  });
  return tar.stdout;
}
