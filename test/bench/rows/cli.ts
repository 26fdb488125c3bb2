// A short command of ours against the least program in Node that asks the same of the API.
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { hello } from '../hello.ts';
import { benchPlatform, program } from '../platform.ts';
import { timed } from '../polling.ts';
import { inTurns, type Row } from '../row.ts';
import { packageRoot } from '../server.ts';

/** In a row, since one takes too short a time to be compared. */
const times = 20;
const bare = join(packageRoot, 'test', 'bench', 'bare-get.cjs');

export const cli: Row = {
  name: 'cli',
  about: 'twelve apps / a Node program that does one GET of the same URL, from start to end of the process',
  unit: 's',
  bar: { value: 2, kind: 'at most' },
  async measure(bench: Bench) {
    const { env, server } = await benchPlatform(bench);
    const { name } = await hello(bench);

    async function each(args: string[]): Promise<number> {
      const all = await timed(async () => {
        for (let time = 0; time < times; time++) {
          const { stdout } = await bench.programs.run(process.execPath, args, { env });
          if (!stdout.includes(name)) throw new Error(`${args.join(' ')} did not list the app:\n${stdout}`);
        }
      });
      return all / times;
    }

    return inTurns(
      bench,
      's',
      () => each([...program, 'apps']),
      () => each([bare, `${server.apiUrl}/apps`]),
    );
  },
};
