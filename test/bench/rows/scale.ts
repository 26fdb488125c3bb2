// From one web process to ten, until all ten answer, against ten docker run at once.
import type { Bench } from '../bench.ts';
import { byHand } from '../by-hand.ts';
import { hello } from '../hello.ts';
import { benchPlatform } from '../platform.ts';
import { freePorts, timed, untilAnswered } from '../polling.ts';
import { inTurns, type Row } from '../row.ts';

const wanted = 10;

export const scale: Row = {
  name: 'scale',
  about: `twelve ps:scale web=1 to ${wanted} until all ${wanted} answer / ${wanted} docker run at once until all ${wanted} answer`,
  unit: 's',
  bar: { value: 1.5, kind: 'at most' },
  async measure(bench: Bench) {
    const platform = await benchPlatform(bench);
    const app = await hello(bench);
    const hand = await byHand(bench, app);
    const image = await hand.build();

    async function up(): Promise<number> {
      await app.settled(1);
      const seen = new Set<string>();
      // hello-node answers "… from web.3, release v2".
      const allSeen = (body: string): boolean => {
        const name = / from (web\.\d+), /.exec(body)?.[1];
        if (name) seen.add(name);
        return seen.size === wanted;
      };
      let done: Promise<string> | undefined;
      const seconds = await timed(async () => {
        done = platform.cli('ps:scale', `web=${wanted}`, '--app', app.name);
        await Promise.race([
          untilAnswered(app.target, allSeen, bench.signal),
          done.then(() => untilAnswered(app.target, allSeen, bench.signal, 5000)),
        ]);
      });
      await done;
      await platform.cli('ps:scale', 'web=1', '--app', app.name);
      await app.settled(1);
      return seconds;
    }

    async function runTen(): Promise<number> {
      const ports = await freePorts(wanted);
      const removes: (() => Promise<void>)[] = [];
      const seconds = await timed(() =>
        Promise.all(
          ports.map(async (port) => {
            const container = await hand.run(image, port);
            removes.push(container.remove);
            await untilAnswered(container.target, () => true, bench.signal);
          }),
        ),
      );
      for (const remove of removes) await remove();
      return seconds;
    }

    return inTurns(bench, 's', up, runTen);
  },
};
