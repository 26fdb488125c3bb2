// kill -9 of one part of a platform on a second engine, and what brings it back.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Container, containers } from '../support/engine-socket.ts';
import { killEngine } from '../support/kill-engine.mjs';
import type { TestPlatform } from '../support/platform.ts';
import type { SecondEngine } from '../support/second-engine.ts';
import { ageBlobs } from '../support/stored-slugs.ts';
import { eventually } from '../support/wait.ts';
import type { Round } from './plan.ts';

interface Needs {
  platform: TestPlatform;
  engine: SecondEngine;
  /** While it is away. */
  whileAway(): Promise<void>;
}

/** Returns when it is started again, if that is anybody's task. @returns what was killed, if that is a container's */
export async function killAndReturn(round: Round, needs: Needs): Promise<Container | undefined> {
  const { platform, engine } = needs;
  switch (round.victim) {
    case 'server':
      await platform.kill9();
      ageBlobs(platform);
      await Promise.all([sleep(round.downMs), needs.whileAway()]);
      await platform.startAgain();
      if (round.againMs !== null) {
        await sleep(round.againMs);
        await platform.kill9();
        ageBlobs(platform);
        await platform.startAgain();
      }
      return undefined;
    case 'engine':
    case 'everything':
      killEngine(engine.group, round.victim);
      await Promise.all([sleep(round.downMs), needs.whileAway()]);
      await engine.start();
      return undefined;
    case 'router':
      return await killIn(needs, round.which, (kind) => kind === 'router');
    case 'process':
      return await killIn(needs, round.which, (kind) => kind !== 'router');
  }
}

/** One process of one container; there is always one, since something always runs. */
async function killIn(
  { platform, engine }: Needs,
  which: number,
  mayBe: (kind: string) => boolean,
): Promise<Container> {
  for (;;) {
    const all = await containers({ 'twelve.instance': platform.instance });
    const chosen = all.filter((one) => one.state === 'running' && mayBe(one.labels['twelve.kind'] ?? ''));
    const container = chosen[Math.floor(which * chosen.length)];
    const pids = container ? processesIn(engine, container.id) : [];
    const pid = pids[Math.floor(((which * 97) % 1) * pids.length)];
    if (container && pid !== undefined && kill(pid)) {
      if (container.labels['twelve.kind'] === 'process') await untilEnded(platform, container);
      return container;
    }
    await sleep(20);
  }
}

/** Until the engine knows: before, it would be told to run by whoever compares what runs with what should. */
async function untilEnded(platform: TestPlatform, { id }: Container): Promise<void> {
  await eventually(
    () => containers({ 'twelve.instance': platform.instance }),
    (all) => !all.some((one) => one.id === id && one.state === 'running'),
  );
}

/** By its control group, so that they are found whatever the engine knows. */
function processesIn(engine: SecondEngine, container: string): number[] {
  const file = join(engine.group, 'containers', container, 'cgroup.procs');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number);
}

function kill(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    // It ended a moment ago.
    return false;
  }
}

/** Containers in which something runs and that the engine says do not, or are not. */
export async function lostContainers(platform: TestPlatform, engine: SecondEngine): Promise<string[]> {
  const folder = join(engine.group, 'containers');
  if (!existsSync(folder)) return [];
  const known = await containers({ 'twelve.instance': platform.instance });
  const running = new Set(known.filter((one) => one.state === 'running').map((one) => one.id));
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !running.has(entry.name))
    .map((entry) => entry.name)
    .filter((id) => processesIn(engine, id).length > 0);
}
