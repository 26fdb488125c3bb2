// The formation that app.json gives a new app.
import { expect, it } from 'vitest';
import { firstFormation } from '../../../platform/actions/beginning.ts';

it('is what app.json says of the types there are, and as always of the others', () => {
  const lines: string[] = [];
  const wanted = {
    worker: { quantity: 2, size: 'Standard-2X' },
    clock: { size: 'eco' },
    release: { quantity: 1 },
    gone: { quantity: 1 },
    many: { quantity: 5000 },
  };
  const types = ['web', 'worker', 'clock', 'release', 'many', 'other'];
  expect(firstFormation(wanted, types, (line) => lines.push(line))).toEqual([
    { type: 'web', quantity: 1, size: 'standard-1x' },
    { type: 'worker', quantity: 2, size: 'standard-2x' },
    { type: 'clock', quantity: 0, size: 'standard-1x' },
    { type: 'release', quantity: 0, size: 'standard-1x' },
    { type: 'many', quantity: 100, size: 'standard-1x' },
    { type: 'other', quantity: 0, size: 'standard-1x' },
  ]);
  expect(lines).toEqual([
    ' !     app.json: formation.gone is not used: there is no such process type.',
    ' !     app.json: formation.clock: there is no size "eco" here, standard-1x is used.',
    ' !     app.json: formation.many: 100 processes are the most.',
  ]);
});
