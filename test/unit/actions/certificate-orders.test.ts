// How all ordered certificates stand, in one sum: a real store, and an authority that refuses some.
import { expect, it } from 'vitest';
import { certificateOrders } from '../../../platform/actions/certificate-orders.ts';
import { eventually } from '../../support/wait.ts';
import { createAcmeGround } from './acme-ground.ts';

it('counts the names that none can be had for, and tells the first with its reason', async () => {
  await using one = await createAcmeGround();
  const { platform } = one;
  for (const name of ['gone.test', 'lost.test', '*.wild.test', 'fine.test']) one.domain(name);
  expect(await certificateOrders(platform)).toEqual({ hosts: 5, failing: 0, first: null });
  for (const name of ['gone.test', 'lost.test'])
    one.refusals.set(name, new Error(`DNS problem: no ${name}.`));
  one.order();
  const found = await eventually(
    () => certificateOrders(platform),
    (now) => now?.failing === 2,
  );
  expect(found).toEqual({
    ...{ hosts: 5, failing: 2 },
    first: { app: 'hello', host: 'gone.test', reason: 'DNS problem: no gone.test.' },
  });
  const without = { ...platform, config: { ...platform.config, acme: null } };
  expect(await certificateOrders(without)).toBeNull();
});

it("the platform's own name is one of them", async () => {
  await using one = await createAcmeGround();
  one.refusals.set('apps.test', new Error('Port 80 is closed.'));
  one.order();
  const found = await eventually(
    () => certificateOrders(one.platform),
    (now) => now?.failing === 1,
  );
  expect(found).toEqual({
    ...{ hosts: 2, failing: 1 },
    first: { app: null, host: 'apps.test', reason: 'Port 80 is closed.' },
  });
  // As scripts/install sets it.
  const config = { ...one.platform.config, publicUrl: 'https://apps.test:5443' };
  expect(await certificateOrders({ ...one.platform, config })).toEqual(found);
});
