// An app under chaos: changes to it as users make them, and whether afterwards what was said of them is what is served.
import { expect } from 'vitest';
import { must } from '../support/app-repository.ts';
import type { TestPlatform } from '../support/platform.ts';
import type { Result } from '../support/program.ts';
import { releasesOf, whatIsSaidRuns } from '../support/truth.ts';
import { eventually } from '../support/wait.ts';
import { files } from './app-files.ts';
import type { Change } from './plan.ts';
import { oneOff, type Said } from './said.ts';

/** What a visitor sees: of the code, of the config. */
export interface Served {
  note: string;
  config: Record<string, string>;
}

interface State extends Served {
  web: number;
}

export interface ChaosApp {
  name: string;
  /** Makes ready whatever the client needs to know; the server must be there. @returns what begins the change */
  prepare(change: Change, apps: number): Promise<() => Begun>;
  /**
   * Waits until what runs is what the client was told, and nothing else is left. @param ms how long each of it may take
   * @throws Error that says what does not fit
   */
  check(begun: Begun, said: Said, circumstances: Circumstances): Promise<void>;
}

interface Circumstances {
  apps: number;
  ms: number;
  /** Whether the engine kept all that ran, so that one-offs ended by themselves. */
  undisturbed: boolean;
}

export interface Begun {
  change: Change;
  /** The client, as a user runs it, to its end. */
  result: Promise<Result>;
  wanted: State;
}

/** @param apps how many there are with it, so far */
export async function createChaosApp(platform: TestPlatform, name: string, apps: number): Promise<ChaosApp> {
  const repository = await platform.createApp(name, null, { files: files('0') });
  await platform.push(repository);
  await must(platform.cli(['ps:scale', 'web=2', '-a', name]));
  let state: State = { note: '0', config: {}, web: 2 };
  // What holds after a round that failed is what the next one starts from.
  let known = false;
  const served = new Map<number, Served>();
  let count = 0;

  /** The newest that one may go back to and that shows something else, if there is one. */
  async function earlier(): Promise<number | undefined> {
    const releases = (await releasesOf(platform, name)).filter(
      (one) => one.eligible_for_rollback && !one.current,
    );
    const known = releases.map((one) => one.version).filter((version) => served.has(version));
    return known.find((version) => served.get(version)?.note !== state.note) ?? known[0];
  }

  async function learn(given: { apps: number; ms: number }): Promise<void> {
    const now = await readState(platform, name, given);
    served.set(now.version, { note: now.state.note, config: now.state.config });
    state = now.state;
    known = true;
  }

  async function prepare(change: Change, all: number): Promise<() => Begun> {
    if (!known) await learn({ apps: all, ms: 60_000 });
    known = false;
    const { args, wanted } = await orderOf(change, String(++count));
    const given = { cwd: repository.folder };
    return () => ({
      change,
      wanted,
      result: change === 'push' ? platform.git(args, given) : platform.cli(args, given),
    });
  }

  /** What the client is told to do, and what holds if that is done. */
  async function orderOf(change: Change, id: string): Promise<{ args: string[]; wanted: State }> {
    switch (change) {
      case 'push':
        await repository.commit({ 'note.txt': id });
        return { args: ['push', '-f', 'platform', 'main'], wanted: { ...state, note: id } };
      case 'config': {
        // A handful of them, so that each has been set, left alone, and set again.
        const name = `VAR_${count % 6}`;
        return {
          args: ['config:set', `${name}=${id}`],
          wanted: { ...state, config: { ...state.config, [name]: id } },
        };
      }
      case 'rollback': {
        const version = await earlier();
        if (version === undefined) return await orderOf('config', id);
        return { args: ['rollback', `v${version}`], wanted: { ...state, ...served.get(version) } };
      }
      case 'scale': {
        const web = (state.web % 3) + 1;
        return { args: ['ps:scale', `web=${web}`], wanted: { ...state, web } };
      }
      case 'run':
        return { args: ['run', oneOff], wanted: state };
      case 'detached':
        return { args: ['run:detached', oneOff], wanted: state };
    }
  }

  async function check(begun: Begun, said: Said, given: Circumstances): Promise<void> {
    const now = await readState(platform, name, given);
    const allowed = said === 'lost' ? [state, begun.wanted] : [said === 'done' ? begun.wanted : state];
    expect(allowed, `"${said}" was said of the ${begun.change} of ${name}`).toContainEqual(now.state);
    // No config is lost, of no release.
    for (const [version, { config }] of [...served].slice(-3))
      expect(await configOf(platform, name, version)).toEqual(config);
    if (begun.change === 'detached' && said === 'done' && given.undisturbed)
      await ranToItsEnd((await begun.result).stdout.trim(), given.ms);
    served.set(now.version, { note: now.state.note, config: now.state.config });
    state = now.state;
    known = true;
  }

  /** As its log tells, whatever became of the server meanwhile. */
  async function ranToItsEnd(process: string, ms: number): Promise<void> {
    await eventually(
      async () => (await platform.cli(['logs', '-p', process, '-a', name])).stdout,
      (text) =>
        /: begun\n/.test(text) && /: ended\n/.test(text) && text.includes('Process exited with status 7'),
      ms,
    );
  }

  await learn({ apps, ms: 60_000 });
  return { name, prepare, check };
}

async function readState(
  platform: TestPlatform,
  name: string,
  given: { apps: number; ms: number },
): Promise<{ version: number; state: State }> {
  const { body: formation } = await platform.api<{ type: string; quantity: number }[]>(
    'GET',
    `/apps/${name}/formation`,
  );
  const web = formation.find((one) => one.type === 'web')!.quantity;
  const version = await whatIsSaidRuns(platform, name, web, given);
  const { text } = await eventually(
    () => platform.visit(name),
    (answer) => answer.status === 200,
    given.ms,
  );
  const { note, config } = JSON.parse(text.slice(text.indexOf('{'))) as Served;
  expect(await configOf(platform, name, version)).toEqual(config);
  return { version, state: { note, config, web } };
}

async function configOf(platform: TestPlatform, app: string, version: number): Promise<Served['config']> {
  const { body } = await platform.api<Served['config']>(
    'GET',
    `/apps/${app}/releases/${version}/config-vars`,
  );
  return body;
}
