// A platform whose app has a drain, and the receiver that it leads to.
import { startReceiver } from '../unit/logs/drains/receiver.ts';
import { takeFrames } from '../unit/logs/drains/syslog-receiver.ts';
import type { Bench } from './bench.ts';
import { app, ownBurstPlatform } from './bursts.ts';
import type { BenchPlatform } from './platform.ts';

export interface Drained {
  platform: BenchPlatform;
  /** Each message that comes from now on is given to it, in the form of a line of the log. */
  listen(take: (line: string) => void): void;
}

export function drained(bench: Bench): Promise<Drained> {
  return bench.once('drained', async () => {
    const platform = await ownBurstPlatform(bench, {
      TWELVE_LOG_BUDGET: '400',
      TWELVE_DRAIN_ADDRESSES: '127.0.0.1',
    });
    let take: (line: string) => void = () => {};
    const receiver = await startReceiver({
      accept() {
        let left: Buffer = Buffer.alloc(0);
        return (bytes) => {
          left = takeFrames(Buffer.concat([left, bytes]), (message) => take(lineOf(message)));
        };
      },
    });
    await platform.cli('drains:add', `syslog://127.0.0.1:${receiver.port}`, '--app', app);
    return {
      platform,
      listen(listener) {
        take = listener;
      },
    };
  });
}

const form = /^<\d+>1 (\S+) \S+ (\S+) (\S+) - (?:-|\[meta sequenceId="\d+"\]) (.*)$/s;

/** @throws Error for what is no message of a drain: it ends the run */
export function lineOf(message: string): string {
  const match = form.exec(message);
  if (!match) throw new Error(`The drain sent this: ${message.slice(0, 120)}`);
  return `${match[1]} ${match[2]}[${match[3]}]: ${match[4]}`;
}
