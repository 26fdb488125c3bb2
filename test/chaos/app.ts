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
  /** @returns the client's answer, and what holds if the change does */
  begin(change: Change, apps: number): Promise<Begun>;
  /**
   * Waits until what runs is what the client was told, and nothing else is left. @param ms how long each of it may take
   * @throws Error that says what does not fit
   */
  check(begun: Begun, said: Said, circumstances: { apps: number; ms: number }): Promise<void>;
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

  async function begin(change: Change, all: number): Promise<Begun> {
    if (!known) await learn({ apps: all, ms: 60_000 });
    known = false;
    return await make(change, String(++count));
  }

  async function make(change: Change, id: string): Promise<Begun> {
    const cli = (...args: string[]): Promise<Result> => platform.cli(args, { cwd: repository.folder });
    switch (change) {
      case 'push':
        await repository.commit({ 'note.txt': id });
        return {
          change,
          wanted: { ...state, note: id },
          result: platform.git(['push', '-f', 'platform', 'main'], { cwd: repository.folder }),
        };
      case 'config': {
        // A handful of them, so that each has been set, left alone, and set again.
        const vars = { ...state.config, [`VAR_${count % 6}`]: id };
        return {
          change,
          wanted: { ...state, config: vars },
          result: cli('config:set', `VAR_${count % 6}=${id}`),
        };
      }
      case 'rollback': {
        const version = await earlier();
        if (version === undefined) return await make('config', id);
        const wanted = { ...state, ...served.get(version) };
        return { change, wanted, result: cli('rollback', `v${version}`) };
      }
      case 'scale': {
        const web = (state.web % 3) + 1;
        return { change, wanted: { ...state, web }, result: cli('ps:scale', `web=${web}`) };
      }
      case 'run':
        return { change, wanted: state, result: cli('run', oneOff) };
      case 'detached':
        return {
          change,
          wanted: state,
          result: cli('run:detached', oneOff),
        };
    }
  }

  async function check(begun: Begun, said: Said, given: { apps: number; ms: number }): Promise<void> {
    const now = await readState(platform, name, given);
    const allowed = said === 'lost' ? [state, begun.wanted] : [said === 'done' ? begun.wanted : state];
    expect(allowed, `"${said}" was said of the ${begun.change} of ${name}`).toContainEqual(now.state);
    // No config is lost, of no release.
    for (const [version, { config }] of [...served].slice(-3))
      expect(await configOf(platform, name, version)).toEqual(config);
    served.set(now.version, { note: now.state.note, config: now.state.config });
    state = now.state;
    known = true;
  }

  await learn({ apps, ms: 60_000 });
  return { name, begin, check };
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
