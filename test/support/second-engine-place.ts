// Where a second engine runs: in mounts of its own, which end with it, and in a control group that tells what is its.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from './wait.ts';

export interface Place {
  /** @returns whether it has ended */
  run(program: string, args: readonly string[], log: string, path: string): () => boolean;
  /** When nothing runs in it any more. */
  close(): Promise<void>;
}

const groups = '/sys/fs/cgroup';

/** Of version 1 an engine has its containers in every hierarchy; all of them are in this one. */
export function groupOf(name: string): string {
  return existsSync(join(groups, 'pids')) ? join(groups, 'pids', name) : join(groups, name);
}

/** Where containerd of the machine's is, an engine would use that instead of starting its own. */
const mounts = `
  mount --make-rprivate / &&
  mkdir -p /run/containerd &&
  mount -t tmpfs tmpfs /run/containerd &&
  echo ready &&
  exec cat
`;

const inGroup = 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"';

export async function createPlace(name: string): Promise<Place> {
  // The mounts are held by a program that ends when we do.
  const holder = spawn('unshare', ['--mount', 'sh', '-c', mounts], { stdio: ['pipe', 'pipe', 'inherit'] });
  holder.stdin.on('error', () => undefined);
  const [said] = (await Promise.race([once(holder.stdout, 'data'), once(holder, 'close')])) as unknown[];
  if (!String(said).startsWith('ready'))
    throw new Error('A second engine cannot have mounts of its own here.');
  const own = join(groupOf(name), 'engine');
  mkdirSync(own, { recursive: true });
  return {
    run(program, args, log, path) {
      const output = openSync(log, 'a');
      const child = spawn(
        'nsenter',
        [`--mount=/proc/${holder.pid}/ns/mnt`, 'sh', '-c', inGroup, 'sh', own, program, ...args],
        { detached: true, stdio: ['ignore', output, output], env: { PATH: path } },
      );
      closeSync(output);
      child.unref();
      return () => child.exitCode !== null || child.signalCode !== null;
    },
    async close() {
      const closed = once(holder, 'close');
      holder.stdin.end();
      await closed;
    },
  };
}

/** In every hierarchy. */
export async function removeGroups(name: string): Promise<void> {
  const hierarchies = readdirSync(groups, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name: hierarchy } of hierarchies) await removeTree(join(groups, hierarchy, name));
  await removeTree(join(groups, name));
}

/** The files in a control group are not files that one removes. What has just been killed leaves it a moment later. */
async function removeTree(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  const inner = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of inner) await removeTree(join(folder, name));
  let failure: unknown;
  const removed = (): boolean => {
    try {
      rmdirSync(folder);
      return true;
    } catch (error) {
      failure = error;
      return false;
    }
  };
  if (!(await waitFor(removed, 5000))) throw failure;
}
