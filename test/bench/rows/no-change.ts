// A redeploy of what is deployed already: how much of it is ours, apart from git and the engine.
import type { Bench } from '../bench.ts';
import { type Row, rounds } from '../row.ts';
import { attribute } from '../spans.ts';
import { startTraced } from '../traced.ts';
import { amount, type Round } from '../verdict.ts';

export const noChange: Row = {
  name: 'no-change',
  about:
    'twelve redeploy of the same tree: the time in which neither git nor the engine works for us / all of it',
  unit: 's',
  bar: { value: 0.6, kind: 'at most' },
  async measure(bench: Bench) {
    const { platform, spans } = await startTraced(bench, 'no-change');
    const app = await platform.deploy('bench-same', 'hello-node');
    const measured: Round[] = [];
    for (let round = 0; round <= rounds; round++) {
      await app.settled(1);
      const from = Number(process.hrtime.bigint());
      await platform.cli('redeploy', '--app', app.name);
      const to = Number(process.hrtime.bigint());
      await app.settled(1);
      const { whole, git, engine, ours } = attribute(await spans(), from, to);
      const parts = `of ${amount(whole, 's')}: git ${amount(git, 's')}, engine ${amount(engine, 's')}, ours ${amount(ours, 's')}`;
      bench.say(`${round === 0 ? 'to warm up' : `round ${round}`}: ${parts}`);
      if (round > 0) measured.push({ ours, reference: whole });
    }
    await platform.remove();
    return measured;
  },
};
