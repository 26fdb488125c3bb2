// Requests a second through our router, every one of them logged and stored, against HAProxy that only passes them on.
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { divideCores } from '../cores.ts';
import { bare, confined, type Haproxy } from '../haproxy.ts';
import { connections, load } from '../load.ts';
import { startPlatform } from '../platform.ts';
import { untilAnswered } from '../polling.ts';
import { inTurns, type Row } from '../row.ts';
import { packageRoot } from '../server.ts';
import { restingRouterLine } from '../stored-lines.ts';

const seconds = 5;
/** Less than this part of the time at work, and it is not the bare HAProxy that was measured. */
const leastBusy = 0.85;

export const router: Row = {
  name: 'router',
  about: `requests/s through our router, logged and stored, ${connections} connections / through a bare HAProxy without a log, same core and backend`,
  unit: 'requests/s',
  bar: { value: 0.85, kind: 'at least' },
  async measure(bench: Bench) {
    const cores = divideCores();
    const platform = await startPlatform(bench);
    const app = await platform.deploy('bench-backend', join(packageRoot, 'test', 'bench', 'backend'));
    const ours = await confined(bench, platform, app, cores);
    const reference = await bare(bench, ours, cores.measured);
    const isAnswer = (body: string): boolean => body === 'hello, world\n';
    for (const { target } of [ours, reference]) await untilAnswered(target, isAnswer, bench.signal);

    async function through(name: string, proxy: Haproxy): Promise<Measured> {
      const before = await proxy.processorSeconds();
      const { requests, perSecond, wrong } = await load(bench, proxy.target, seconds, cores.others);
      const used = (await proxy.processorSeconds()) - before;
      if (wrong !== null) throw new Error(`requests failed: ${wrong}`);
      bench.say(
        `HAProxy ${name}: ${((used / requests) * 1e6).toFixed(1)} µs a request, at work ${percent(used / seconds)} of the time`,
      );
      return { requests, perSecond, busy: used / seconds };
    }

    async function logged(): Promise<number> {
      const before = await restingRouterLine(platform, app.name);
      const { requests, perSecond } = await through('of ours', ours);
      const stored = (await restingRouterLine(platform, app.name)) - before;
      if (stored < requests)
        throw new Error(`${requests - stored} of ${requests} requests are not in the app's log`);
      return perSecond;
    }

    async function passedOn(turn: number): Promise<number> {
      const { perSecond, busy } = await through('bare', reference);
      if (turn > 0 && busy < leastBusy)
        throw new Error(
          `the bare HAProxy was at work only ${percent(busy)} of the time, so it is not what was measured: other programs want the processor`,
        );
      return perSecond;
    }

    const measured = await inTurns(bench, 'requests/s', logged, passedOn);
    await platform.remove();
    return measured;
  },
};

interface Measured {
  requests: number;
  perSecond: number;
  /** Part of the time. */
  busy: number;
}

const percent = (part: number): string => `${Math.round(part * 100)} %`;
