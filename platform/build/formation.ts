// `formation` of app.json: how many processes of each type a new app runs, and how big. What cannot be used refuses the build.
import { z } from 'zod';
import type { PlatformError } from '../domain/errors.ts';
import { maxQuantity } from '../domain/formation.ts';
import { mistyped, readByType } from './app-json-words.ts';
import { buildFailed } from './failures.ts';

export type FirstFormation = Readonly<Record<string, { quantity?: number; size?: string }>>;

const quantity = `it must be a whole number from 0 to ${maxQuantity}`;
const fields = {
  quantity: z.number(quantity).int(quantity).min(0, quantity).max(maxQuantity, quantity).optional(),
  size: z.string('it must be the name of a size such as "standard-1x"').optional(),
};
const all = z.record(
  z.string(),
  z.object(fields, 'it must be an object such as {"quantity": 2}'),
  'it must be an object such as {"web": {"quantity": 2}}',
);

/** @throws PlatformError `build_failed` (E21) naming the property */
export function formationOf(written: unknown, warn: (sentence: string) => void): FirstFormation {
  if (written === undefined || written === null) return {};
  const formation = readByType(written, all, unusable);
  for (const [name, entry] of Object.entries(written))
    for (const one of mistyped(entry, Object.keys(fields)))
      warn(`app.json: formation.${name}.${one.name} is not used. Did you mean ${one.meant}?`);
  return formation as FirstFormation;
}

function unusable(path: readonly PropertyKey[], why: string): PlatformError {
  const where = ['formation', ...path].map(String).join('.');
  return buildFailed('E21', `app.json: ${where} cannot be used: ${why}.`);
}
