// A push that changes no dependency: how much of it is our own work, apart from git, the engine and the buildpack's programs.
import type { Bench } from '../bench.ts';
import { changeAnswer } from '../hello.ts';
import { type Row, rounds } from '../row.ts';
import { attribute, type Span } from '../spans.ts';
import { buildpackTime } from '../told.ts';
import { startTraced } from '../traced.ts';
import { amount, type Round } from '../verdict.ts';

const allowed = 1;

export const warmPush: Row = {
  name: 'warm-push',
  group: 'builds',
  about: `git push of one changed line: the time in which neither git, the engine nor the buildpack works for us / ${allowed} s`,
  unit: 's',
  bar: { value: 1, kind: 'at most' },
  async measure(bench: Bench) {
    const { platform, spans } = await startTraced(bench, 'warm-push');
    const app = await platform.deploy('bench-push', 'hello-node');
    const measured: Round[] = [];
    for (let round = 0; round <= rounds; round++) {
      bench.signal.throwIfAborted();
      await app.settled(1);
      await changeAnswer(app.folder, `push-${round}`);
      await app.commit();
      const from = Number(process.hrtime.bigint());
      const lines = await app.pushTold();
      const to = Number(process.hrtime.bigint());
      await app.settled(1);
      const build: Span = { what: 'buildpack', ...buildpackTime(lines) };
      const { whole, git, engine, buildpack, ours } = attribute([...(await spans()), build], from, to);
      bench.say(
        `${round === 0 ? 'to warm up' : `round ${round}`}: of ${amount(whole, 's')}: git ${amount(git, 's')}, engine ${amount(engine, 's')}, buildpack ${amount(buildpack, 's')}, ours ${amount(ours, 's')}`,
      );
      if (round > 0) measured.push({ ours, reference: allowed });
    }
    await platform.remove();
    return measured;
  },
};
