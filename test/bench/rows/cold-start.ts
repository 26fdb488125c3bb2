// The server's start with a hundred apps that run, to the moment it says that it is up; nothing of what runs may change.
import { setTimeout as sleep } from 'node:timers/promises';
import { label } from '../../../platform/engine/labels.ts';
import type { Bench } from '../bench.ts';
import { count, hundredApps, running } from '../hundred-apps.ts';
import type { BenchPlatform } from '../platform.ts';
import { timed, untilAnswered } from '../polling.ts';
import { type Row, rounds } from '../row.ts';
import { amount, type Round } from '../verdict.ts';

const allowed = 2;
/** After it is up it looks at every app, and does what it finds to do. */
const watchedMs = 3000;

export const coldStart: Row = {
  name: 'cold-start',
  about: `start of the server with ${count} apps, each running, until it is up; nothing of what runs is touched / ${allowed} s`,
  unit: 's',
  bar: { value: 1, kind: 'at most' },
  async measure(bench: Bench) {
    const { platform, apps } = await hundredApps(bench);
    const { server } = platform;
    const measured: Round[] = [];
    // The first start reads all from the disk and does not count.
    for (let round = 0; round <= rounds; round++) {
      bench.signal.throwIfAborted();
      await server.stop();
      const before = await running(bench, platform);
      const since = Date.now() / 1000;
      const ours = await timed(() => server.start());
      await sleep(watchedMs);
      const changes = await changesSince(bench, platform, since);
      const after = await running(bench, platform);
      if (changes.length > 0 || after.join() !== before.join() || after.length !== count + 1)
        throw new Error(
          `The start touched what runs (${before.length} containers before, ${after.length} after):\n${changes.join('\n')}`,
        );
      for (const app of apps) await untilAnswered(app.target, () => true, bench.signal, 1000);
      bench.say(`${round === 0 ? 'to warm up' : `round ${round}`}: ${amount(ours, 's')}`);
      if (round > 0) measured.push({ ours, reference: allowed });
    }
    await platform.remove();
    return measured;
  },
};

/** What the engine did to containers of the platform, other than being asked about them. */
async function changesSince(bench: Bench, { server }: BenchPlatform, since: number): Promise<string[]> {
  const told = await bench.docker(
    ...['events', '--since', String(since), '--until', String(Date.now() / 1000)],
    ...['--filter', 'type=container', '--filter', `label=${label.instance}=${server.instance}`],
    ...['--format', '{{.Action}} {{.Actor.Attributes.name}}'],
  );
  return told.split('\n').filter(Boolean);
}
