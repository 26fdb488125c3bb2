// From `twelve run bash` on a terminal to the first prompt, against `docker run -it` of the same image with the same limits.
import { setTimeout as sleep } from 'node:timers/promises';
import { label } from '../../../platform/engine/labels.ts';
import { type Bench, byHandLabel } from '../bench.ts';
import { hello } from '../hello.ts';
import { limits } from '../limits.ts';
import { untilPrompt } from '../on-terminal.ts';
import { benchPlatform, program } from '../platform.ts';
import { inTurns, type Row } from '../row.ts';

export const runPrompt: Row = {
  name: 'run-prompt',
  about:
    'twelve run bash on a terminal to its first prompt / docker run -it of the same image with the same limits',
  unit: 's',
  bar: { value: 1.5, kind: 'at most' },
  async measure(bench: Bench) {
    const { env, server } = await benchPlatform(bench);
    const app = await hello(bench);
    const [container] = await app.containers();
    const image = await bench.docker('inspect', '--format', '{{.Image}}', container!);
    const ours = [process.execPath, ...program, 'run', '--app', app.name, 'bash'];
    const byHand = [
      'docker',
      'run',
      '-it',
      '--rm',
      '--label',
      `${byHandLabel}=${bench.id}`,
      ...limits(),
      image,
    ];

    const filters = [
      [`label=${label.instance}=${server.instance}`, `label=${label.kind}=run`],
      [`label=${byHandLabel}=${bench.id}`],
    ];
    const round = async (command: readonly string[]): Promise<number> => {
      const seconds = await untilPrompt(bench, command, env);
      for (const filter of filters) await untilNone(bench, filter);
      return seconds;
    };
    return inTurns(
      bench,
      's',
      () => round(ours),
      () => round([...byHand, 'bash']),
    );
  },
};

/** The container of one round is gone before the next begins. */
async function untilNone(bench: Bench, filter: readonly string[]): Promise<void> {
  const list = ['ps', '-aq', ...filter.flatMap((one) => ['--filter', one])];
  for (let tries = 0; (await bench.docker(...list)) !== ''; tries++) {
    if (tries > 100) throw new Error(`There is still a container with ${filter.join(' and ')}.`);
    await sleep(100);
  }
}
