// Processes that live on unseen: an engine that is killed in the middle of a start forgets that it started anything.
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** Longest time that the kernel may take to end what was killed. */
const endsMs = 2000;
const lookMs = 20;

/**
 * Ends what runs of containers that, as the engine says, do not run: their processes, and the shim that watches over them.
 * Such a one keeps its address, which the engine gives to somebody else, and its ports; nothing that is asked of the engine
 * ends it. Where we do not see the engine's processes nothing happens.
 * @param mayEnd asked right before: false when the container was asked to start meanwhile
 */
export async function endLostProcesses(
  idle: readonly string[],
  mayEnd: (containerId: string) => boolean,
): Promise<void> {
  if (idle.length === 0) return;
  // What is killed in the middle of a start may have started more meanwhile: until a look finds nothing.
  for (const until = Date.now() + endsMs; Date.now() < until; await delay(lookMs)) {
    const found = await stillThere(await processesOf(new Set(idle)));
    const ended = found.filter(({ containerId }) => mayEnd(containerId));
    if (ended.length === 0) return;
    for (const { pid } of ended) kill(pid);
  }
}

interface Lost {
  pid: number;
  containerId: string;
}

async function processesOf(containerIds: ReadonlySet<string>): Promise<Lost[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const containerId = await containerOf(pid, containerIds);
      return containerId === undefined ? [] : [{ pid, containerId }];
    }),
  );
  return found.flat();
}

async function containerOf(pid: number, known: ReadonlySet<string>): Promise<string | undefined> {
  return containerIn(await textOf(`/proc/${pid}/cgroup`), await textOf(`/proc/${pid}/cmdline`), known);
}

/** Programs that start containers, and are given their ids as arguments: `containerd-shim-runc-v2`, `runc`, `crun`. */
const starter = /(^|\/)(containerd-shim[\w-]*|docker-runc|runc|crun)$/;

/**
 * By its control group, which is named by the container's id; what starts it, which is in none of them, by its arguments.
 * @param cgroup what the kernel says of it, in the form of either version
 */
export function containerIn(
  cgroup: string,
  commandLine: string,
  known: ReadonlySet<string>,
): string | undefined {
  const inGroup = cgroup.match(/[0-9a-f]{64}/g)?.find((id) => known.has(id));
  if (inGroup !== undefined) return inGroup;
  const words = commandLine.split('\0');
  if (!starter.test(words[0] ?? '')) return undefined;
  return words.slice(1).find((word) => known.has(word));
}

/** One that has ended has neither a group of the container's nor a command line, also before somebody asks about it. */
async function stillThere(processes: readonly Lost[]): Promise<Lost[]> {
  const left = await Promise.all(
    processes.map(async (one) => {
      const now = await containerOf(one.pid, new Set([one.containerId]));
      return now === undefined || (await isZombie(one.pid)) ? [] : [one];
    }),
  );
  return left.flat();
}

async function isZombie(pid: number): Promise<boolean> {
  return /^\d+ \(.*\) [ZX] /s.test(await textOf(`/proc/${pid}/stat`));
}

/** Empty when the process is gone. */
async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended, or is not ours to end.
  }
}
