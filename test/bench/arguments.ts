// The command line of scripts/bench (pure).
import { parseArgs } from 'node:util';

export type Order =
  | { kind: 'run'; names: string[]; json: string | null }
  | { kind: 'list' }
  | { kind: 'help' }
  | { kind: 'wrong'; why: string };

/**
 * @param known names of all rows; without names all are run, in their order
 * @param groups names that stand for several rows
 */
export function parseOrder(
  argv: readonly string[],
  known: readonly string[],
  groups: ReadonlyMap<string, readonly string[]> = new Map(),
): Order {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(argv);
  } catch (error) {
    return { kind: 'wrong', why: (error as Error).message };
  }
  const { values, positionals } = parsed;
  if (values.help) return { kind: 'help' };
  if (values.list) return { kind: 'list' };
  const unknown = positionals.find((name) => !known.includes(name) && !groups.has(name));
  if (unknown !== undefined) {
    const all = [...known, ...groups.keys()].join(', ');
    return { kind: 'wrong', why: `There is no benchmark "${unknown}". There are: ${all}.` };
  }
  const chosen = new Set(positionals.flatMap((name) => groups.get(name) ?? [name]));
  const names = known.filter((name) => chosen.size === 0 || chosen.has(name));
  return { kind: 'run', names, json: values.json ?? null };
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      list: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
}
