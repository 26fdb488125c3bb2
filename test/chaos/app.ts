// An app under chaos: changes to it as users make them, and whether afterwards what was said of them is what is served.
import { expect } from 'vitest';
import { type AppRepository, must } from '../support/app-repository.ts';
import type { TestPlatform } from '../support/platform.ts';
import { configOf, formationOf } from '../support/process-truth.ts';
import type { Result } from '../support/program.ts';
import type { Said } from '../support/said.ts';
import { releasesOf, whatIsSaidRuns } from '../support/truth.ts';
import { eventually } from '../support/wait.ts';
import { files } from './app-files.ts';
import { orderOf, type Served, type State } from './orders.ts';
import type { Change } from './plan.ts';

export interface ChaosApp {
  name: string;
  /** Makes ready whatever the client needs to know; the server must be there. @returns what begins the change */
  prepare(change: Change, apps: number): Promise<() => Begun>;
  /** Waits until what runs is what the client was told, and nothing else is left. @throws Error that says what does not fit */
  check(begun: Begun, said: Said, circumstances: Circumstances): Promise<void>;
}

interface Patience {
  /** How many there are on the platform. */
  apps: number;
  /** How long each thing may take to come true. */
  ms: number;
}

interface Circumstances extends Patience {
  /** Whether the engine kept all that ran, so that one-offs ended by themselves. */
  undisturbed: boolean;
}

export interface Begun {
  change: Change;
  /** The client, as a user runs it, to its end. */
  result: Promise<Result>;
  wanted: State;
  /** Containers of the processes before it. */
  former: readonly string[];
}

/** @param apps how many there are with it, so far */
export async function createChaosApp(platform: TestPlatform, name: string, apps: number): Promise<ChaosApp> {
  const repository = await platform.createApp(name, null, { files: files('0') });
  await platform.push(repository);
  await must(platform.cli(['ps:scale', 'web=2', '-a', name]));
  /** By version; rollbacks go to these. */
  const served = new Map<number, Served>();
  const remember = ({ version, state: { note, config } }: Now): void =>
    void served.set(version, { note, config });
  let now = await readNow(platform, name, { apps, ms: 60_000 });
  remember(now);
  let known = true;
  let count = 0;

  return {
    name,
    async prepare(change, all) {
      // After a round that failed, what holds is what the next one starts from.
      if (!known) now = await readNow(platform, name, { apps: all, ms: 60_000 });
      known = false;
      const back = change === 'rollback' ? await earlier(platform, name, served, now.state) : undefined;
      const { args, wanted } = orderOf(change, now.state, ++count, back);
      if (change === 'push') await repository.commit({ 'note.txt': wanted.note });
      const former = await containersOf(platform, name);
      return () => ({ change, wanted, former, result: client(platform, repository, change, args) });
    },
    async check({ change, wanted, result, former }, said, given) {
      const after = await readNow(platform, name, given);
      const allowed = said === 'lost' ? [now.state, wanted] : [said === 'done' ? wanted : now.state];
      expect(allowed, `"${said}" was said of the ${change} of ${name}`).toContainEqual(after.state);
      if (change === 'restart' && said === 'done') {
        const left = (await containersOf(platform, name)).filter((id) => former.includes(id));
        expect(left, `processes of ${name} that were said to be restarted`).toEqual([]);
      }
      // No config is lost, of no release.
      for (const [version, { config }] of [...served].slice(-3))
        expect(await configOf(platform, name, version)).toEqual(config);
      if (change === 'detached' && said === 'done' && given.undisturbed)
        await ranToItsEnd(platform, name, (await result).stdout.trim(), given.ms);
      now = after;
      remember(now);
      known = true;
    },
  };
}

async function containersOf(platform: TestPlatform, name: string): Promise<string[]> {
  return (await platform.containers(name, 'process')).map((one) => one.id);
}

function client(
  platform: TestPlatform,
  { folder }: AppRepository,
  change: Change,
  args: readonly string[],
): Promise<Result> {
  return change === 'push' ? platform.git(args, { cwd: folder }) : platform.cli(args, { cwd: folder });
}

/** The newest that one may go back to and that shows other code, else any of them. */
async function earlier(
  platform: TestPlatform,
  name: string,
  served: ReadonlyMap<number, Served>,
  state: State,
): Promise<{ version: number; served: Served } | undefined> {
  const known = (await releasesOf(platform, name)).flatMap((one) => {
    const seen = served.get(one.version);
    return seen && one.eligible_for_rollback && !one.current ? [{ version: one.version, served: seen }] : [];
  });
  return known.find((one) => one.served.note !== state.note) ?? known[0];
}

interface Now {
  version: number;
  state: State;
}

/** Once nothing moves any more: what is said, what runs and what visitors see, which have to be the same. */
async function readNow(platform: TestPlatform, name: string, given: Patience): Promise<Now> {
  const version = await whatIsSaidRuns(platform, name, given);
  const { quantity: web, size } = (await formationOf(platform, name)).find((one) => one.type === 'web')!;
  const { text } = await eventually(
    () => platform.visit(name),
    (answer) => answer.status === 200,
    given.ms,
  );
  const { note, config } = JSON.parse(text.slice(text.indexOf('{'))) as Served;
  expect(await configOf(platform, name, version)).toEqual(config);
  return { version, state: { note, config, web, size } };
}

/** As its log tells, whatever became of the server meanwhile. */
async function ranToItsEnd(platform: TestPlatform, app: string, process: string, ms: number): Promise<void> {
  await eventually(
    async () => (await platform.cli(['logs', '-p', process, '-a', app])).stdout,
    (text) =>
      /: begun\n/.test(text) && /: ended\n/.test(text) && text.includes('Process exited with status 7'),
    ms,
  );
}
