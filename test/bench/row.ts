// One benchmark: its bar, and how its rounds are measured.
import type { Bench } from './bench.ts';
import { amount, type Bar, type Round, type Unit } from './verdict.ts';

export interface Row {
  name: string;
  /** A name that selects several rows. */
  group?: string;
  /** What is compared with what, in one line. */
  about: string;
  unit: Unit;
  bar: Bar;
  measure(bench: Bench): Promise<Round[]>;
}

/** Medians are of so many. */
export const rounds = 5;

/**
 * Ours and the reference in turns, so that a busy machine is busy for both; which of them goes first changes too.
 * The first turn of each warms caches up and does not count.
 */
export async function inTurns(
  bench: Bench,
  unit: Unit,
  ours: (turn: number) => Promise<number>,
  reference: (turn: number) => Promise<number>,
): Promise<Round[]> {
  const measured: Round[] = [];
  for (let turn = 0; turn <= rounds; turn++) {
    bench.signal.throwIfAborted();
    const round = { ours: 0, reference: 0 };
    const sides = [
      async () => {
        round.ours = await ours(turn);
      },
      async () => {
        round.reference = await reference(turn);
      },
    ];
    for (const side of turn % 2 === 0 ? sides : sides.reverse()) await side();
    const what = turn === 0 ? 'to warm up' : `round ${turn}`;
    bench.say(`${what}: ours ${amount(round.ours, unit)}, reference ${amount(round.reference, unit)}`);
    if (turn > 0) measured.push(round);
  }
  return measured;
}
