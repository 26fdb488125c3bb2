// What app.json has for each process type, and its words that are read one by one: what was probably meant by a mistyped one.
import type { z } from 'zod';
import type { Declared } from '../domain/declared.ts';
import type { PlatformError } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';

const typeName = /^[A-Za-z0-9_-]{1,63}$/;

/** A process type that cannot be one; of an object only. `__proto__` is a name like others to JSON, and lost on the way. */
function badType(written: unknown): string | undefined {
  if (typeof written !== 'object' || written === null || Array.isArray(written)) return undefined;
  return Object.keys(written).find((type) => !typeName.test(type) || type === '__proto__');
}

/**
 * An object with something for each process type.
 * @param unusable what a property that cannot be used is refused with
 */
export function readByType<T>(
  written: unknown,
  schema: z.ZodType<T>,
  unusable: (path: readonly PropertyKey[], why: string) => PlatformError,
): T {
  const type = badType(written);
  if (type !== undefined) throw unusable([type.slice(0, 60)], 'it is not a process type');
  const result = schema.safeParse(written);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw unusable(path, message);
}

/** Other tools may have more properties in it, so only what looks like one of ours is told. */
export function mistyped(written: unknown, known: readonly string[]): { name: string; meant: string }[] {
  if (typeof written !== 'object' || written === null) return [];
  return Object.keys(written).flatMap((name) => {
    const meant = known.includes(name) ? undefined : nearest(name.slice(0, 60), known);
    return meant === undefined ? [] : [{ name: name.slice(0, 60), meant }];
  });
}

/** Where app.json speaks of process types that the app does not have: part of it is of no use, as it is written. */
export function unknownTypes(
  { healthchecks = {}, settings = {} }: Declared,
  types: readonly string[],
): string[] {
  const named = [
    ...Object.keys(healthchecks).map((type) => ({ type, where: `healthchecks.${type}` })),
    ...Object.keys(settings).flatMap((key) => {
      const type = key.includes('.') ? key.slice(key.indexOf('.') + 1) : undefined;
      return type === undefined ? [] : [{ type, where: `process_settings.${key}` }];
    }),
    ...(settings['order'] ?? 'default')
      .split(',')
      .filter((type) => type !== 'default')
      .map((type) => ({ type, where: `${type} in process_settings.order` })),
  ];
  return named.filter(({ type }) => !types.includes(type)).map(({ where }) => where);
}
