// What must hold after anything: what the releases say is what runs, and nothing else is left.
import { expect } from 'vitest';
import { appNetworks, type Container } from './engine-socket.ts';
import type { TestPlatform } from './platform.ts';
import { formationOf, processesAreTrue } from './process-truth.ts';
import { remainsIn } from './remains.ts';
import { eventually, waitFor } from './wait.ts';

const every = { Range: 'id ..; max=1000' };

export interface ReleaseSaid {
  id: string;
  version: number;
  status: string;
  current: boolean;
  description: string;
  /** Why it failed. */
  reason: string | null;
  slug: { id: string } | null;
  eligible_for_rollback: boolean;
}

/** The app's releases as the API has them, newest first. */
export async function releasesOf(platform: TestPlatform, app: string): Promise<ReleaseSaid[]> {
  const { body } = await platform.api<ReleaseSaid[]>('GET', `/apps/${app}/releases`, undefined, {
    Range: 'version ..; order=desc, max=1000',
  });
  return body;
}

interface Circumstances {
  /** Apps of the platform that have processes; each has a network. */
  apps?: number;
  /** How long each of it may take to come true. */
  ms?: number;
}

/**
 * Waits for the newest release, and every scale and restart, to end. Then checks: as many web processes run as the formation says, all of the release that the ledger
 * calls current and with its config and size, none of another release is left, visitors are answered by it, versions have no gap, the builds say what became of them, and no build, release
 * process, one-off process, second router, second network or half of a file is left.
 * @returns the current version
 */
export async function whatIsSaidRuns(
  platform: TestPlatform,
  app: string,
  { apps = 1, ms = 60_000 }: Circumstances = {},
): Promise<number> {
  const [newest] = await eventually(
    () => releasesOf(platform, app),
    (releases) => releases.every((one) => one.status !== 'pending'),
    ms,
  );
  await eventually(
    () => platform.api<{ status: string }[]>('GET', `/apps/${app}/process-changes`, undefined, every),
    ({ body }) => body.every((one) => one.status !== 'pending'),
    ms,
  );
  const web = (await formationOf(platform, app)).find((one) => one.type === 'web')!.quantity;
  const releases = await releasesOf(platform, app);
  expect(releases.map((one) => one.version)).toEqual(releases.map((_, index) => releases.length - index));
  const current = releases.find((one) => one.current);
  expect(newest?.current).toBe(newest?.status === 'succeeded');
  const version = current!.version;
  const running = await onlyOf(platform, app, version, web, ms);
  await processesAreTrue(platform, app, version, running);
  const answer = await eventually(
    () => platform.visit(app).catch(() => ({ status: 0, text: '' })),
    (one) => one.status === 200,
    ms,
  );
  expect(Number(/v(\d+)/.exec(answer.text)?.[1])).toBe(version);
  // One build container waits for the next push.
  for (const [kind, most] of Object.entries({ build: 1, release: 0, run: 0, router: 1 })) {
    await eventually(
      () => platform.containers(undefined, kind),
      (left) => left.length <= most,
      ms,
    );
  }
  expect(await appNetworks(platform.instance)).toHaveLength(apps);
  await buildsAreTrue(platform, app, releases);
  await eventually(
    () => remainsIn(platform.dataFolder, 1),
    (left) => left.length === 0,
    ms,
  );
  // Nothing came or went since: what runs is not on its way somewhere else.
  const after = await platform.containers(app, 'process');
  expect(after.map((one) => one.id).sort()).toEqual(running.map((one) => one.id).sort());
  return version;
}

/** Waits until exactly so many processes run, all of this release. @throws Error that names what else there is */
async function onlyOf(
  platform: TestPlatform,
  app: string,
  version: number,
  web: number,
  ms: number,
): Promise<Container[]> {
  const isRight = ({ state, labels }: Container): boolean =>
    state === 'running' && labels['twelve.release'] === String(version) && labels['twelve.type'] === 'web';
  let list: Container[] = [];
  const came = await waitFor(async () => {
    list = await platform.containers(app, 'process');
    return list.length === web && list.every(isRight);
  }, ms);
  const what = list.map(
    ({ state, labels }) => `${labels['twelve.process']} of v${labels['twelve.release']} (${state})`,
  );
  expect(came, `${web} web processes of v${version}, which serves; there are: ${what.join(', ')}`).toBe(true);
  return list;
}

/** No build goes on; those that succeeded are exactly those that a release was made of. */
async function buildsAreTrue(
  platform: TestPlatform,
  app: string,
  releases: readonly ReleaseSaid[],
): Promise<void> {
  interface BuildSaid {
    status: string;
    release: { id: string } | null;
  }
  const builds = await eventually(
    async () => (await platform.api<BuildSaid[]>('GET', `/apps/${app}/builds`, undefined, every)).body,
    (list) => list.every((one) => one.status !== 'pending'),
  );
  const deployed = releases.filter((one) => /^Deploy [0-9a-f]{8}$/.test(one.description));
  const succeeded = builds.filter((one) => one.status === 'succeeded');
  expect(succeeded.map((one) => one.release?.id).sort()).toEqual(deployed.map((one) => one.id).sort());
}
