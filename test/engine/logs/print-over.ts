// Lines that are printed while whoever receives them is stopped or killed, and is back.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReceiverProgram } from '../../support/receiver-program.ts';
import type { Ground } from '../../unit/logs/drains/ground.ts';

type Signal = Parameters<ReceiverProgram['stop']>[0];

/**
 * Prints numbers while the receiver ends and begins again.
 * @param before waits in the pause before each end, when this was the last one printed
 * @returns the last one
 */
export async function printOver(
  ground: Ground,
  receiver: ReceiverProgram,
  signals: readonly Signal[],
  before: (signal: Signal, last: number) => Promise<void> = async () => undefined,
): Promise<number> {
  let printed = 0;
  const print = async (parts: number): Promise<void> => {
    for (let part = 0; part < parts; part++) {
      ground.print(printed + 1, printed + 100, ' and more');
      printed += 100;
      await sleep(3);
    }
  };
  for (const signal of signals) {
    await print(20);
    await before(signal, printed);
    const stopped = receiver.stop(signal);
    await print(20);
    await stopped;
    await receiver.start();
  }
  await print(1);
  return printed;
}
