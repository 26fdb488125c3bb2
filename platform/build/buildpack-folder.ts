// A buildpack as a folder: whether it is one, its programs made executable, and a build's own copy of it.
import { chmod, cp, lstat, readdir, realpath } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { PlatformError } from '../domain/errors.ts';

/** What is somebody else's may hold links: none is followed that leads out of the folder. */
export async function makeExecutable(folder: string): Promise<void> {
  const root = await realpath(folder);
  const bin = join(folder, 'bin');
  if (!(await lstat(bin)).isDirectory()) throw new Error('bin is not a folder');
  for (const name of await readdir(bin)) {
    const file = await realpath(join(bin, name)).catch(() => null);
    if (file?.startsWith(root + sep) && (await lstat(file)).isFile()) await chmod(file, 0o755);
  }
}

/** @throws PlatformError `build_failed`: it has not the programs that every buildpack has */
export async function requireBuildpack(folder: string): Promise<void> {
  const names = await programsOf(folder);
  const missing = ['detect', 'compile'].filter((name) => !names.includes(name));
  if (missing.length === 0) return;
  const native = (await readdir(folder)).includes('buildpack.toml');
  throw new PlatformError(
    'build_failed',
    native && !names.includes('compile')
      ? 'It is a Cloud Native Buildpack (buildpack.toml), and the classic kind is needed: bin/detect and bin/compile.'
      : `It is no buildpack: it has no ${missing.map((name) => `bin/${name}`).join(' and no ')}.`,
  );
}

async function programsOf(folder: string): Promise<string[]> {
  const bin = await lstat(join(folder, 'bin')).catch(() => null);
  return bin?.isDirectory() ? await readdir(join(folder, 'bin')) : [];
}

/** A build's own copy of somebody else's: links stay what they are. */
export async function copyBuildpack(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, verbatimSymlinks: true });
  await makeExecutable(to);
}

/** One of ours, without what only tests need. Where it has a link to another of ours, it gets a copy of that. */
export async function copyOurBuildpack(from: string, to: string): Promise<void> {
  await cp(from, to, {
    recursive: true,
    dereference: true,
    filter: (path) => !['test', '.git'].includes(basename(path)),
  });
  await makeExecutable(to);
}
