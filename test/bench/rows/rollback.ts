// Going back to an earlier release, until visitors see it, against docker run of the earlier image.
import type { Bench } from '../bench.ts';
import { byHand } from '../by-hand.ts';
import { answers, changeAnswer, hello } from '../hello.ts';
import { benchPlatform, type DeployedApp } from '../platform.ts';
import { freePorts, timed, untilAnswered } from '../polling.ts';
import { inTurns, type Row } from '../row.ts';

interface Version {
  text: string;
  release: string;
  image: string;
}

export const rollback: Row = {
  name: 'rollback',
  about:
    'twelve rollback to the first answer of the old version / docker run of the old image to its first answer',
  unit: 's',
  bar: { value: 1.5, kind: 'at most' },
  async measure(bench: Bench) {
    const platform = await benchPlatform(bench);
    const app = await hello(bench);
    const hand = await byHand(bench, app);
    const versions: Version[] = [];
    for (const text of ['old', 'older']) {
      bench.say(`deploying a version "${text}", on both sides`);
      await changeAnswer(app.folder, text);
      await app.commit();
      await app.push();
      await changeAnswer(hand.folder, text);
      versions.push({ text, release: await newestRelease(bench, app), image: await hand.build() });
    }
    // The last one pushed serves: the first turn goes back to the other one, the next to this one, and so on.
    const versionOf = (turn: number): Version => versions[turn % 2]!;

    async function back(turn: number): Promise<number> {
      const { release, text } = versionOf(turn);
      await app.settled(1);
      let done: Promise<string> | undefined;
      const seconds = await timed(async () => {
        done = platform.cli('rollback', release, '--app', app.name);
        await Promise.race([
          untilAnswered(app.target, answers(text), bench.signal),
          done.then(() => untilAnswered(app.target, answers(text), bench.signal, 1000)),
        ]);
      });
      await done;
      await app.settled(1);
      return seconds;
    }

    async function run(turn: number): Promise<number> {
      const { image, text } = versionOf(turn);
      const [port] = await freePorts(1);
      let remove = async (): Promise<void> => {};
      const seconds = await timed(async () => {
        const container = await hand.run(image, port!);
        remove = container.remove;
        await untilAnswered(container.target, answers(text), bench.signal);
      });
      await remove();
      return seconds;
    }

    return inTurns(bench, 's', back, run);
  },
};

async function newestRelease(bench: Bench, app: DeployedApp): Promise<string> {
  const { cli } = await benchPlatform(bench);
  const [release] = JSON.parse(await cli('releases', '--json', '--num', '1', '--app', app.name)) as {
    version: number;
  }[];
  return `v${release!.version}`;
}
