// Debian 13 itself: an image that is there, else one pulled from a registry, else one made from Debian's packages.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf, PlatformError } from '../domain/errors.ts';
import { timeLimit } from '../domain/time-limit.ts';
import type { Engine } from './engine.ts';
import { readHostSources } from './host-sources.ts';

/** The official image. */
export const debianReference = 'debian:trixie-slim';
/** Ours, where no registry answers. */
const ownReference = 'twelve/debian:trixie';
const unfinishedReference = 'twelve/debian:unfinished';
const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** An engine that reaches no registry says so itself within half of this; a slow line gets through in time. */
const pullTimeoutMs = 60_000;

interface Options {
  proxies: Readonly<Record<string, string>>;
  onProgress: (line: string) => void;
  signal: AbortSignal;
  /** Where mmdebstrap is looked for. */
  searchPath?: string;
}

/** @returns the reference of an image that is on the engine */
export async function debianImage(engine: Engine, options: Options): Promise<string> {
  const here = await debianHere(engine);
  if (here) return here.reference;
  const refusal = await pull(engine, options);
  if (refusal === null) return debianReference;
  options.onProgress(`${debianReference} cannot be pulled (${refusal}): making it from Debian's packages`);
  await bootstrap(engine, options, refusal);
  return ownReference;
}

/** Without bringing one. */
export async function debianHere(engine: Engine): Promise<{ reference: string; createdAt: string } | null> {
  for (const reference of [debianReference, ownReference]) {
    const image = await engine.image(reference);
    if (image) return { reference, createdAt: image.createdAt };
  }
  return null;
}

/** @returns null when it is here, else why not */
async function pull(engine: Engine, { onProgress, signal }: Options): Promise<string | null> {
  onProgress(`pulling ${debianReference}`);
  const timeout = timeLimit(pullTimeoutMs);
  try {
    await engine.pullImage({ reference: debianReference, signal: AbortSignal.any([signal, timeout]) });
    return null;
  } catch (error) {
    signal.throwIfAborted();
    return timeout.aborted ? `no answer within ${pullTimeoutMs / 1000} s` : firstLine(messageOf(error));
  }
}

async function bootstrap(engine: Engine, options: Options, refusal: string): Promise<void> {
  const host = await readHostSources();
  await using keys = await debianKeys();
  const program = spawn('mmdebstrap', mmdebstrapArguments(host.sources, keys.file), {
    stdio: ['ignore', 'pipe', 'pipe'],
    // It asks apt, which looks here for proxies; for a program on the host one on loopback is fine too.
    env: { PATH: options.searchPath ?? systemPath, ...host.proxies, ...options.proxies },
    signal: options.signal,
  });
  let complaint = '';
  program.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk).slice(-4000);
  });
  const closed = new Promise<number | null>((resolve) => program.on('close', resolve));
  try {
    await once(program, 'spawn');
    program.on('error', () => {});
    // Whether the tree is whole is known only when the program has ended: until then it has another name.
    const imported = engine.importImage(unfinishedReference, program.stdout);
    // Without a reader it would wait for ever.
    imported.catch(() => program.kill());
    const [code] = await Promise.all([closed, Promise.allSettled([imported])]);
    if (code) throw new Error(`mmdebstrap ended with status ${code}: ${complaint.trim()}`);
    await imported;
    if (code === null) throw new Error(`mmdebstrap was stopped: ${complaint.trim()}`);
    await engine.tagImage(unfinishedReference, ownReference);
  } catch (error) {
    options.signal.throwIfAborted();
    throw bootstrapFailure(error, refusal);
  } finally {
    await engine.removeImage(unfinishedReference).catch(() => {});
  }
}

function firstLine(text: string): string {
  return text.split('\n')[0]!;
}

const systemKeys = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** Those that Debian 13 is signed with (from its package debian-archive-keyring): systems older than it do not have them. */
const trixieKeys = join(import.meta.dirname, '../../platform/engine/debian-archive-trixie.gpg');

/** All keys of Debian's that are known here, in one file for apt's own user to read; on Ubuntu apt knows none by itself. */
async function debianKeys(): Promise<AsyncDisposable & { file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'twelve-debian-keys-'));
  const file = join(folder, 'debian.gpg');
  const all = [trixieKeys, ...(existsSync(systemKeys) ? [systemKeys] : [])];
  await writeFile(file, Buffer.concat(await Promise.all(all.map((one) => readFile(one)))), { mode: 0o644 });
  await chmod(folder, 0o755);
  return { file, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/** Minimal Debian 13 as a tar on standard output. */
function mmdebstrapArguments(sources: string, keyring: string): string[] {
  return [
    '--variant=minbase',
    '--include=ca-certificates',
    `--keyring=${keyring}`,
    ...['doc/*', 'man/*', 'info/*', 'locale/*', 'lintian/*'].map(
      (path) => `--dpkgopt=path-exclude=/usr/share/${path}`,
    ),
    '--dpkgopt=path-include=/usr/share/doc/*/copyright',
    'trixie',
    '-',
    // Without any it takes Debian's own, with updates and security.
    ...(sources ? sources.split('\n') : []),
  ];
}

function bootstrapFailure(error: unknown, refusal: string): PlatformError {
  const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  const message = missing
    ? `There is no base image: ${debianReference} cannot be pulled (${refusal}), and mmdebstrap, which makes one from Debian's packages, is not installed. Run: apt-get install mmdebstrap debian-archive-keyring`
    : `There is no base image: ${debianReference} cannot be pulled (${refusal}), and it could not be made: ${messageOf(error)}`;
  return new PlatformError('engine_failed', message, missing ? { missing: 'mmdebstrap' } : {}, {
    cause: error,
  });
}
