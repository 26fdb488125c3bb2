// A push with one line changed, until visitors see it, against docker build and docker run of the same change.
import type { Bench } from '../bench.ts';
import { byHand } from '../by-hand.ts';
import { answers, changeAnswer, hello } from '../hello.ts';
import { freePorts, timed, untilAnswered } from '../polling.ts';
import { inTurns, type Row } from '../row.ts';

export const warmRedeploy: Row = {
  name: 'warm-redeploy',
  about: 'git push of one changed line to its first answer / docker build + docker run to the first answer',
  unit: 's',
  bar: { value: 1.5, kind: 'at most' },
  async measure(bench: Bench) {
    const app = await hello(bench);
    const hand = await byHand(bench, app);

    async function push(turn: number): Promise<number> {
      await app.settled(1);
      await changeAnswer(app.folder, `pushed ${turn}`);
      await app.commit();
      let pushed: Promise<void> | undefined;
      const seconds = await timed(async () => {
        pushed = app.push();
        // A refused push ends the wait.
        await Promise.race([
          untilAnswered(app.target, answers(`pushed ${turn}`), bench.signal),
          pushed.then(() => untilAnswered(app.target, answers(`pushed ${turn}`), bench.signal, 1000)),
        ]);
      });
      await pushed;
      await app.settled(1);
      return seconds;
    }

    async function build(turn: number): Promise<number> {
      await changeAnswer(hand.folder, `by hand ${turn}`);
      const [port] = await freePorts(1);
      let remove = async (): Promise<void> => {};
      const seconds = await timed(async () => {
        const container = await hand.run(await hand.build(), port!);
        remove = container.remove;
        await untilAnswered(container.target, answers(`by hand ${turn}`), bench.signal);
      });
      await remove();
      return seconds;
    }

    return inTurns(bench, 's', push, build);
  },
};
