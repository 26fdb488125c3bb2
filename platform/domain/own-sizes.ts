// Sizes that the operator defines, from the text of the setting TWELVE_SIZES. Pure.
import { PlatformError } from './errors.ts';
import { defaultSizes, type Size } from './formation.ts';

interface Field {
  min: number;
  max: number;
  whole: boolean;
  /** Null: has to be given. */
  default: ((memoryMb: number) => number) | null;
}

/** What one size may say. An engine refuses less memory than 6 MB, and a program needs a little. */
const fields: Readonly<Record<'memory' | 'cpu' | 'pids' | 'open_files', Field>> = {
  memory: { min: 16, max: 1_048_576, whole: true, default: null },
  cpu: { min: 0.01, max: 256, whole: false, default: (memoryMb) => Math.max(0.01, memoryMb / 512) },
  pids: { min: 8, max: 1_000_000, whole: true, default: () => 256 },
  open_files: { min: 64, max: 1_000_000, whole: true, default: () => 10_000 },
};
const example = '{"small":{"memory":256,"cpu":0.5,"pids":128,"open_files":4096}}';

/**
 * The default sizes with the operator's over and after them.
 * @throws PlatformError `bad_request` saying what is wrong with which size
 */
export function sizesWith(text: string): readonly Size[] {
  const sizes = new Map(defaultSizes.map((size) => [size.name, size]));
  for (const [name, value] of Object.entries(objectOf(parsed(text), 'it'))) {
    if (!/^[a-z][a-z0-9-]{0,39}$/.test(name))
      throw refused(`"${name.slice(0, 60)}" is no name for a size: lower-case letters, digits and hyphens`);
    sizes.set(name, sizeOf(name, objectOf(value, name)));
  }
  return [...sizes.values()];
}

function parsed(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw refused(`"${text.slice(0, 80)}" is not JSON`);
  }
}

function objectOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refused(`${what} is not an object`);
  return value as Record<string, unknown>;
}

function sizeOf(name: string, given: Record<string, unknown>): Size {
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(fields, key));
  if (unknown !== undefined)
    throw refused(`${name} has "${unknown.slice(0, 40)}"; it may have ${Object.keys(fields).join(', ')}`);
  const memoryMb = numberOf(name, 'memory', given, 0);
  return {
    name,
    memoryMb,
    cpuShare: numberOf(name, 'cpu', given, memoryMb),
    pids: numberOf(name, 'pids', given, memoryMb),
    openFiles: numberOf(name, 'open_files', given, memoryMb),
  };
}

function numberOf(
  size: string,
  key: keyof typeof fields,
  given: Readonly<Record<string, unknown>>,
  memoryMb: number,
): number {
  const field = fields[key];
  const value = given[key] ?? field.default?.(memoryMb);
  if (value === undefined) throw refused(`${size} does not say its ${key}`);
  const fits = typeof value === 'number' && value >= field.min && value <= field.max;
  if (!fits || (field.whole && !Number.isInteger(value))) {
    const kind = field.whole ? 'a whole number' : 'a number';
    throw refused(
      `${key} of ${size} is ${JSON.stringify(value)}; it must be ${kind} from ${field.min} to ${field.max}`,
    );
  }
  return value;
}

function refused(why: string): PlatformError {
  return new PlatformError('bad_request', `TWELVE_SIZES: ${why}. It holds JSON such as ${example}`);
}
