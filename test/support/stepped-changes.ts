// The changes of the step walk as a user makes them, what holds of the app before, and what has to hold if they were made.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { type AppRepository, must } from './app-repository.ts';
import type { TestPlatform } from './platform.ts';
import { configOf, formationOf } from './process-truth.ts';
import type { Result } from './program.ts';
import { type Said, saidOf } from './said.ts';
import type { SteppedChange } from './stepped-app.ts';
import { releasesOf } from './truth.ts';

/** What a change is about: which code, which config, how many web processes, how big. */
export interface State {
  commit: string;
  config: Record<string, string>;
  web: number;
  size: string;
}

export interface Order {
  change: SteppedChange;
  /** Containers of the processes before it. */
  former: readonly string[];
  before: State;
  wanted: State;
  /** The client, as a user runs it, to its end. */
  begin(): Promise<Result>;
}

/** Processes of this size end at once. */
export const failingSize = { name: 'performance-m', memory: 2560 };

/** As the API has it, once nothing moves any more. */
export async function stateOf(platform: TestPlatform, app: string): Promise<State> {
  const current = (await releasesOf(platform, app)).find((one) => one.current)!;
  const web = (await formationOf(platform, app)).find((one) => one.type === 'web')!;
  return { ...(await codeAndConfig(platform, app, current)), web: web.quantity, size: web.size };
}

/** @param count tells one change from all others */
export async function orderOf(
  platform: TestPlatform,
  repository: AppRepository,
  app: string,
  change: SteppedChange,
  count: number,
): Promise<Order> {
  const before = await stateOf(platform, app);
  const former = (await platform.containers(app, 'process')).map((one) => one.id);
  const order = (wanted: Partial<State>, begin: () => Promise<Result>): Order => ({
    change,
    former,
    before,
    wanted: { ...before, ...wanted },
    begin,
  });
  const twelve = (...args: string[]) => platform.cli([...args, '-a', app]);
  switch (change) {
    case 'push': {
      const commit = await repository.commit({ 'note.txt': String(count) });
      return order({ commit }, () =>
        platform.git(['push', '-f', 'platform', 'main'], { cwd: repository.folder }),
      );
    }
    case 'config':
      return order({ config: { ...before.config, COUNT: String(count) } }, () =>
        twelve('config:set', `COUNT=${count}`),
      );
    case 'rollback': {
      const target = (await releasesOf(platform, app)).find(
        (one) => one.eligible_for_rollback && !one.current,
      )!;
      return order(await codeAndConfig(platform, app, target), () =>
        twelve('rollback', `v${target.version}`),
      );
    }
    case 'scale up':
    case 'scale down': {
      const web = change === 'scale up' ? before.web + 1 : before.web - 1;
      return order({ web }, () => twelve('ps:scale', `web=${web}`));
    }
    case 'scale that fails':
      return order({}, () => twelve('ps:scale', 'web=3'));
    case 'resize': {
      const size = before.size === 'standard-2x' ? 'standard-1x' : 'standard-2x';
      return order({ size }, () => twelve('ps:resize', `web=${size}`));
    }
    case 'resize that fails':
      return order({}, () => twelve('ps:resize', `web=${failingSize.name}`));
    case 'restart':
    case 'restart that fails':
      return order({}, () => twelve('ps:restart'));
    case 'config that fails':
      return order({}, () => twelve('config:set', 'FAILS=yes'));
  }
}

/** From now on whatever is started fails. */
export async function failFromNow(platform: TestPlatform, app: string): Promise<void> {
  // So that those of the release with it are up by then.
  const from = Math.ceil(Date.now() / 1000) + 6;
  await must(platform.cli(['config:set', `FAILS_FROM=${from}`, '-a', app]));
  if (Date.now() > from * 1000)
    throw new Error('The release that fails from a time on took longer than that.');
  await sleep(from * 1000 - Date.now());
}

/** From now on nothing fails any more that is started. */
export async function failNoMore(platform: TestPlatform, app: string): Promise<void> {
  const { config } = await stateOf(platform, app);
  if (config['FAILS_FROM']) await must(platform.cli(['config:unset', 'FAILS_FROM', '-a', app]));
}

/** @throws Error when what the client was told is not what holds */
export async function expectTruth(
  platform: TestPlatform,
  app: string,
  { change, former, before, wanted }: Order,
  result: Result,
): Promise<Said> {
  const said = saidOf(wordOf(change), result);
  const now = await stateOf(platform, app);
  const allowed = said === 'lost' ? [before, wanted] : [said === 'done' ? wanted : before];
  expect(allowed, `"${said}" was said of the ${change}: ${result.stdout}${result.stderr}`).toContainEqual(
    now,
  );
  if (change.endsWith('that fails')) expect(said).not.toBe('done');
  if (change === 'restart' && said === 'done')
    for (const { id } of await platform.containers(app, 'process')) expect(former).not.toContain(id);
  return said;
}

function wordOf(change: SteppedChange): Parameters<typeof saidOf>[0] {
  return change.split(' ')[0] as 'push' | 'config' | 'rollback' | 'scale' | 'resize' | 'restart';
}

async function codeAndConfig(
  platform: TestPlatform,
  app: string,
  { version, slug }: { version: number; slug: { id: string } | null },
): Promise<Pick<State, 'commit' | 'config'>> {
  const { body } = await platform.api<{ commit: string }>('GET', `/apps/${app}/slugs/${slug?.id}`);
  return { commit: body.commit, config: await configOf(platform, app, version) };
}

/** Brings the app to so many web processes. */
export async function scaleTo(platform: TestPlatform, app: string, web: number): Promise<void> {
  await must(platform.cli(['ps:scale', `web=${web}`, '-a', app]));
}
