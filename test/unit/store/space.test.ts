// What is said when a disk is nearly full.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { requireSpace } from '../../../platform/store/space.ts';

const folder = tmpdir();

it('lets pass what has enough, and what is not there to be asked', async () => {
  await requireSpace([folder], 1);
  await requireSpace([folder], 0);
  await requireSpace([join(folder, 'not', 'there')], Number.MAX_SAFE_INTEGER);
});

it('refuses with what is free, what has to be, and which setting says so', async () => {
  const refusal = requireSpace([join(folder, 'not', 'there'), folder], 2 ** 60);
  await expect(refusal).rejects.toMatchObject({ code: 'service_unavailable' });
  await expect(refusal).rejects.toThrow(
    new RegExp(
      `nearly full: \\d+ MB are free at ${folder}, and 1099511627776 MB have to be \\(TWELVE_MIN_FREE\\)`,
    ),
  );
});
