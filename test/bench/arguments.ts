// The command line of scripts/bench (pure).
import { parseArgs } from 'node:util';

export type Order =
  | { kind: 'run'; names: string[]; json: string | null }
  | { kind: 'list' }
  | { kind: 'help' }
  | { kind: 'wrong'; why: string };

/** @param known names of all rows; without names all are run, in their order */
export function parseOrder(argv: readonly string[], known: readonly string[]): Order {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(argv);
  } catch (error) {
    return { kind: 'wrong', why: (error as Error).message };
  }
  const { values, positionals } = parsed;
  if (values.help) return { kind: 'help' };
  if (values.list) return { kind: 'list' };
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined)
    return { kind: 'wrong', why: `There is no benchmark "${unknown}". There are: ${known.join(', ')}.` };
  const names = known.filter((name) => positionals.length === 0 || positionals.includes(name));
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
