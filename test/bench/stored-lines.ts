// How many lines an app's log has taken so far: the number of its newest one, since each gets the next.
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchPlatform } from './platform.ts';

/** Of the router's lines. 0 when there is none. */
export async function newestRouterLine(platform: BenchPlatform, app: string): Promise<number> {
  const { logplex_url: url } = (await platform.api('POST', `/apps/${app}/log-sessions`, {
    ...{ lines: 1, tail: false, source: 'twelve', dyno: 'router' },
  })) as { logplex_url: string };
  const events = await (await fetch(url, { headers: { Accept: 'text/event-stream' } })).text();
  return Number(/^id: (\d+)$/m.exec(events)?.[1] ?? 0);
}

/** Once nothing has come for a second, which is when all that was on its way has arrived. */
export async function restingRouterLine(platform: BenchPlatform, app: string): Promise<number> {
  for (let before = -1; ; await sleep(1000)) {
    const now = await newestRouterLine(platform, app);
    if (now === before) return now;
    before = now;
  }
}
