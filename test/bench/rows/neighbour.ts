// How long an app's visitors wait while other programs on the machine take all they can get, against the same without them.
import { label } from '../../../platform/engine/labels.ts';
import { figuresOf, hogs, quantile, waits } from '../../support/hogs.ts';
import { eventually } from '../../support/wait.ts';
import type { Bench } from '../bench.ts';
import { hello } from '../hello.ts';
import { type BenchPlatform, benchPlatform } from '../platform.ts';
import { ask, untilAnswered } from '../polling.ts';
import { inTurns, type Row } from '../row.ts';

const requests = 300;
const loudApp = 'bench-loud';

export const neighbour: Row = {
  name: 'neighbour',
  about: `p95 of ${requests} visits of an app beside a memory hog, a fork bomb and a spinner of another one / the same without them`,
  unit: 'ms',
  bar: { value: 2, kind: 'at most' },
  async measure(bench: Bench) {
    const platform = await benchPlatform(bench);
    const app = await hello(bench);
    await platform.deploy(loudApp, 'hello-node');
    await untilAnswered(app.target, () => true, bench.signal);

    const slowest = async (): Promise<number> => {
      const times = await waits(async () => {
        bench.signal.throwIfAborted();
        if ((await ask(app.target)) === null) throw new Error(`${app.name} did not answer`);
      }, requests);
      return quantile(times, 0.95);
    };
    async function beside(): Promise<number> {
      const names = await startHogs(platform);
      await atWork(bench, platform);
      const ms = await slowest();
      for (const name of names) await platform.cli('ps:stop', name, '--app', loudApp);
      await eventually(
        () => hogContainer(bench, platform),
        (left) => left === '',
      );
      return ms;
    }
    const measured = await inTurns(bench, 'ms', beside, slowest);
    await platform.cli('ps:scale', 'web=0', '--app', loudApp);
    return measured;
  },
};

/** @returns the names of their processes */
async function startHogs(platform: BenchPlatform): Promise<string[]> {
  const names: string[] = [];
  for (const { command } of hogs)
    names.push((await platform.cli('run:detached', '--app', loudApp, command)).trim());
  return names;
}

/** @returns ids, one a line */
function hogContainer(bench: Bench, { server }: BenchPlatform, command?: string): Promise<string> {
  const filters = [
    `${label.instance}=${server.instance}`,
    `${label.kind}=run`,
    ...(command ? [`${label.command}=${command}`] : []),
  ];
  return bench.docker(
    ...['ps', '-aq', '--no-trunc', ...filters.flatMap((one) => ['--filter', `label=${one}`])],
  );
}

/** Until each of them is at what it is for. */
async function atWork(bench: Bench, platform: BenchPlatform): Promise<void> {
  for (const hog of hogs) {
    const id = await hogContainer(bench, platform, hog.command);
    const before = await figuresOf(id);
    await eventually(
      () => figuresOf(id),
      (now) => hog.atWork(now, before),
    );
  }
}
