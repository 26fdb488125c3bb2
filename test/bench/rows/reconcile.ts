// What it costs to look at everything, and to change one thing, when there is much: in the memory engine, so that it is all ours.
import type { Bench } from '../bench.ts';
import { createFleet, type Fleet } from '../fleet/fleet.ts';
import { type Row, rounds } from '../row.ts';
import { amount, median, type Round } from '../verdict.ts';

const many = 1000;
const few = 10;
const passAllowed = 1;
const changeAllowed = 0.02;
/** One is too short to be compared. */
const changesInRound = 20;

const fleetOf = (bench: Bench, count: number): Promise<Fleet> =>
  bench.once(`fleet of ${count}`, () => {
    bench.say(`starting ${count} apps with ${2 * count} processes in the memory engine`);
    return createFleet(count);
  });

/** Half of the changes add a web process, half take it away. */
async function oneChange({ apps, scaleWeb }: Fleet): Promise<number> {
  const each: number[] = [];
  for (let n = 0; n < changesInRound; n++)
    each.push(await scaleWeb(apps[Math.floor(n / 2) % apps.length]!.id, n % 2 === 0 ? 2 : 1));
  return median(each);
}

const fullPass: Row = {
  name: 'full-pass',
  group: 'reconcile',
  about: `${many} apps with ${2 * many} processes: all looked at, at the server's start or after the engine was away, whichever takes longer / ${passAllowed} s`,
  unit: 's',
  bar: { value: 1, kind: 'at most' },
  async measure(bench: Bench) {
    const fleet = await fleetOf(bench, many);
    const measured: Round[] = [];
    for (let round = 0; round <= rounds; round++) {
      bench.signal.throwIfAborted();
      const started = await fleet.startAgain();
      const back = await fleet.reconnect();
      const what = round === 0 ? 'to warm up' : `round ${round}`;
      bench.say(`${what}: start ${amount(started, 's')}, engine back ${amount(back, 's')}`);
      if (round > 0) measured.push({ ours: Math.max(started, back), reference: passAllowed });
    }
    return measured;
  },
};

const change: Row = {
  name: 'one-change',
  group: 'reconcile',
  about: `scale of one app of ${many}, until the router sends traffic to what runs then / ${changeAllowed * 1000} ms`,
  unit: 's',
  bar: { value: 1, kind: 'at most' },
  async measure(bench: Bench) {
    const fleet = await fleetOf(bench, many);
    const measured: Round[] = [];
    for (let round = 0; round <= rounds; round++) {
      const ours = await oneChange(fleet);
      if (round > 0) measured.push({ ours, reference: changeAllowed });
    }
    return measured;
  },
};

const changeOfMany: Row = {
  name: 'change-of-many',
  group: 'reconcile',
  about: `the same change where there are ${many} apps / where there are ${few}`,
  unit: 's',
  bar: { value: 1.5, kind: 'at most' },
  async measure(bench: Bench) {
    const [large, small] = [await fleetOf(bench, many), await fleetOf(bench, few)];
    const measured: Round[] = [];
    for (let round = 0; round <= rounds; round++) {
      const both = { ours: await oneChange(large), reference: await oneChange(small) };
      bench.say(
        `round ${round}: ${many} apps ${amount(both.ours, 's')}, ${few} apps ${amount(both.reference, 's')}`,
      );
      if (round > 0) measured.push(both);
    }
    return measured;
  },
};

export const reconcile: readonly Row[] = [fullPass, change, changeOfMany];
