// What was measured → what is said: medians, the ratio, whether the bar holds, the table (pure).

export type Unit = 's' | 'ms' | 'lines' | 'requests' | 'requests/s' | 'lines/s' | 'MB';

/** What is counted one by one: each that is lost is a loss. */
const counted: ReadonlySet<Unit> = new Set<Unit>(['lines', 'requests']);

/** One round: ours and the reference, measured one right after the other. */
export interface Round {
  ours: number;
  reference: number;
}

export interface Bar {
  /** The ratio of ours to the reference that must hold. */
  value: number;
  /** `at most` for what is spent, `at least` for what is achieved; `exactly` where anything else is a loss. */
  kind: 'at most' | 'at least' | 'exactly';
}

export interface Result {
  name: string;
  unit: Unit;
  ours: number;
  reference: number;
  ratio: number;
  bar: number;
  holds: boolean;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) throw new Error('nothing was measured');
  return sorted.length % 2 === 1 ? sorted[middle - 0.5]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Figures count by their median. Of what is counted the worst round counts: one lost line in five rounds is a lost line. */
export function judge(name: string, unit: Unit, bar: Bar, rounds: readonly Round[]): Result {
  const ours = rounds.map((round) => round.ours);
  const reference = median(rounds.map((round) => round.reference));
  const told = counted.has(unit) ? Math.min(...ours) : median(ours);
  const ratio = told / reference;
  return {
    name,
    unit,
    ours: told,
    reference,
    ratio,
    bar: bar.value,
    holds: holds(ratio, bar),
  };
}

function holds(ratio: number, { kind, value }: Bar): boolean {
  if (kind === 'exactly') return ratio === value;
  return kind === 'at most' ? ratio <= value : ratio >= value;
}

export function table(results: readonly Result[], bars: ReadonlyMap<string, Bar>): string {
  const rows = results.map((result) => [
    result.name,
    amount(result.ours, result.unit),
    amount(result.reference, result.unit),
    result.ratio.toFixed(counted.has(result.unit) ? 6 : 2),
    `${bars.get(result.name)?.kind ?? ''} ${result.bar}`.trim(),
    result.holds ? 'holds' : 'DOES NOT HOLD',
  ]);
  const all = [['', 'ours', 'reference', 'ratio', 'bar', ''], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 || column > 3 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd();
  return `${all.map(line).join('\n')}\n`;
}

export function amount(value: number, unit: Unit): string {
  if (unit === 's') return `${value.toFixed(3)} s`;
  if (unit === 'ms') return `${value.toFixed(2)} ms`;
  if (unit === 'MB') return `${value.toFixed(1)} MB`;
  return `${Math.round(value)} ${unit}`;
}
