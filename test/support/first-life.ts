// What is done with a platform of the first version before it is upgraded, with its own command line, by all the verbs it had.
import { type AppRepository, must } from './app-repository.ts';
import type { TestPlatform } from './platform.ts';
import { eventually } from './wait.ts';

/** What the first version said of it at its end. */
export interface FirstLife {
  releases: ReleaseThen[];
  /** Commits of the pushes that were taken, the oldest first. */
  pushed: string[];
  /** `twelve logs`, all of it. */
  log: string;
}

/** A release as the API had it. */
export interface ReleaseThen {
  id: string;
  version: number;
  status: string;
  description: string;
  created_at: string;
  user: { email: string };
  app: { id: string };
  slug: { id: string } | null;
}

export const greeting = 'from the first version';
export const secret = 'kept since the first version';

/** Numbers that only grow, also where a log goes on. */
const worker = 'worker: for n in $(seq 100000); do echo "line $n of the worker"; sleep 0.3; done';

/**
 * App `shop` with eight releases: 1 to 3 by `apps:create` and config, 4 and 5 pushes, 6 one whose release command failed, 7 config,
 * 8 a rollback to 4, which serves with two web processes and a worker. Another app was there and is destroyed.
 * @param shop without a Procfile
 * @param web its line in the Procfile
 */
export async function liveFirst(
  platform: TestPlatform,
  shop: AppRepository,
  web: string,
): Promise<FirstLife> {
  const twelve = (...args: string[]) => must(platform.cli([...args, '-a', 'shop']));
  const procfile = `web: ${web}\n${worker}\n`;
  await must(platform.cli(['apps:create', 'shop'], { cwd: shop.folder }));
  await twelve('config:set', `GREETING=${greeting}`);
  await twelve('config:set', `SECRET=${secret}`);
  const pushed = [await shop.commit({ Procfile: procfile })];
  await platform.push(shop);
  pushed.push(await shop.commit({ 'notes.txt': 'of the second push\n' }));
  await platform.push(shop);
  await twelve('ps:scale', 'web=2', 'worker=1');
  await shop.commit({ Procfile: `${procfile}release: echo "not this one"; exit 3\n` });
  const refused = await platform.git(['push', 'platform', 'main'], { cwd: shop.folder });
  if (refused.status === 0) throw new Error('A push whose release command fails was taken.');
  await must(shop.git('reset', '-q', '--hard', 'HEAD~1'));
  await twelve('config:set', 'LATER=1');
  await twelve('rollback', 'v4');

  await platform.createApp('gone', null, { files: { Procfile: `web: ${web}\n` } });
  await must(platform.cli(['apps:destroy', 'gone', '--confirm', 'gone']));
  const { stdout: log } = await eventually(
    () => twelve('logs', '-n', '1000'),
    // It had begun anew with the rollback.
    ({ stdout }) => /Rollback to v4[\s\S]*line 9 of the worker/.test(stdout),
  );
  const { body: releases } = await platform.api<ReleaseThen[]>('GET', '/apps/shop/releases', undefined, {
    Range: 'version ..; order=desc',
  });
  return { releases, pushed, log };
}
