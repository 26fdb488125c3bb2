// A hundred changes under constant load, none of which a visitor may notice.
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { type Change, carryOut, type Site, turnOf } from '../drop/changes.ts';
import { startVisitors } from '../drop/load.ts';
import { tell, verdictOf } from '../drop/verdict.ts';
import { type BenchPlatform, type DeployedApp, startPlatform } from '../platform.ts';
import type { Row } from '../row.ts';
import { packageRoot } from '../server.ts';

const drainSeconds = 10;
const everyMs = 2000;
const changes: Change[] = Array.from({ length: 5 }, (_, turn) => turnOf(turn)).flat();
/** Of failures that are told one by one. */
const toldAtMost = 50;

export const zeroDrop: Row = {
  name: 'zero-drop',
  about: `requests, streams and WebSockets that ended whole / all that were begun, during ${changes.length} changes and server restarts`,
  unit: 'requests',
  bar: { value: 1, kind: 'exactly' },
  async measure(bench: Bench) {
    const platform = await startPlatform(bench, {
      settings: { TWELVE_DRAIN_TIMEOUT: String(drainSeconds), TWELVE_STOP_TIMEOUT: '5' },
    });
    const app = await platform.deploy('drop', join(packageRoot, 'test', 'bench', 'drop', 'app'));
    await platform.cli('ps:scale', 'web=2', '--app', app.name);
    const visitors = startVisitors(app.target, drainSeconds * 1000 - 2000);
    let done = 0;
    const marks = await carryOut(siteOf(platform, app), changes, {
      everyMs,
      signal: bench.signal,
      onChange: ({ what, from, to }) =>
        bench.say(`${++done} of ${changes.length}: ${what}, ${((to! - from) / 1000).toFixed(1)} s`),
    }).catch(async (error: unknown) => {
      await visitors.stop();
      throw error;
    });
    const { asked, perSecond, failures, longer } = verdictOf(await visitors.stop(), drainSeconds * 1000);
    for (const failure of failures.slice(0, toldAtMost)) bench.say(tell(failure, marks));
    bench.say(`${asked} in all, ${Math.round(perSecond)} a second; ${failures.length} failed`);
    bench.say(`${longer.opened} longer WebSockets, ${longer.ended} ended at the end of the drain time`);
    await platform.remove();
    return [{ ours: asked - failures.length, reference: asked }];
  },
};

function siteOf({ server, api }: BenchPlatform, app: DeployedApp): Site {
  return {
    app: app.name,
    api,
    async push() {
      await appendFile(join(app.folder, 'server.js'), '// Another version.\n');
      await app.commit();
      await app.push();
    },
    stopServer: (signal) => server.stop(signal),
    startServer: () => server.start(),
  };
}
