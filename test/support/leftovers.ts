// What a killed test run left: its server, its containers, its folder. The next run clears it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createGuard } from '../../platform/build/guard.ts';
import { createPacketFilter } from '../../platform/engine/packet-filter.ts';
import { appChain } from '../../platform/processes/guard.ts';
import { composed } from './compose.ts';
import { engineSocket, removeContainer, removeInstance } from './engine-socket.ts';

const folderPrefix = join(tmpdir(), 'twelve-e2e-');

/** A new folder of ours, for a platform or for what its test needs beside it. */
export function makeFolder(): string {
  const folder = mkdtempSync(folderPrefix);
  own(folder);
  return folder;
}

/** Marks a folder as ours while this process lives. */
export function own(folder: string): void {
  writeFileSync(join(folder, 'owner'), `${process.pid} ${place()}`);
}

/** A process's number means something only where processes are numbered as here, a container's id only on its engine. */
function place(): string {
  return `${readlinkSync('/proc/self/ns/pid')} ${textOf('/proc/sys/kernel/random/boot_id')?.trim()} ${engineSocket}`;
}

/** Name for Docker Compose of a platform that runs in a container. */
export function projectOf(folder: string): string {
  return basename(folder).toLowerCase();
}

/** Whether whoever owned it here is gone. */
export function isAbandoned(folder: string): boolean {
  const [, owner, where] = /^(\d+) (.+)$/.exec(textOf(join(folder, 'owner')) ?? '') ?? [];
  return owner !== undefined && where === place() && programOf(Number(owner)) === '';
}

export async function clearLeftovers(): Promise<void> {
  const folders = readdirSync(tmpdir()).map((name) => join(tmpdir(), name));
  for (const folder of folders.filter((one) => one.startsWith(folderPrefix) && isAbandoned(one))) {
    killServer(folder);
    await removePlatform(folder);
  }
}

/** The server of a platform whose test is dead or has no other hold on it. */
export function killServer(folder: string): void {
  const server = numberIn(join(folder, 'server'));
  if (server !== undefined && programOf(server).includes(join('dist', 'main.js')))
    process.kill(server, 'SIGKILL');
}

/** Where tests have a platform's data, in their folder. */
const dataFolders = ['data', join('home', 'twelve-data')];

/** Everything of the platform whose data is in that folder, and the folder. @param known its id, if its folder is gone */
export async function removePlatform(folder: string, known?: string): Promise<void> {
  // Its own container first, which would make others.
  for (const { id } of await composed(projectOf(folder))) await removeContainer(id);
  const found = dataFolders.map((name) => textOf(join(folder, name, 'instance'))?.trim());
  for (const instance of new Set([known, ...found]))
    if (instance) {
      await removeInstance(instance);
      // A server that is killed leaves it for the next one.
      await createGuard({ instance, range: '', services: async () => [] }).open();
      await createPacketFilter({ chain: appChain(instance) }).open();
      // Where the sockets are unless a setting says something else.
      await rm(`/run/twelve-${instance}`, { recursive: true, force: true });
    }
  unmountBelow(folder);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Disks of its own that a test has given a platform. */
function unmountBelow(folder: string): void {
  for (const line of (textOf('/proc/self/mounts') ?? '').split('\n')) {
    const place = line.split(' ')[1];
    if (place?.startsWith(`${folder}/`)) execFileSync('umount', [place]);
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function numberIn(path: string): number | undefined {
  const number = Number(textOf(path) ?? Number.NaN);
  return Number.isInteger(number) && number > 0 ? number : undefined;
}

/** The command line of a living process, else nothing. */
function programOf(pid: number): string {
  return textOf(`/proc/${pid}/cmdline`) ?? '';
}
