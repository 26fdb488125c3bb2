// What a one-off runs whose caller may come back: the keeper, with the command behind it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Window } from '../attached.ts';

// Beside this file in the sources, which stay where they are when the program is compiled.
const file = join(import.meta.dirname, '../../../platform/processes/kept/keeper.pl');
let source: string | undefined;

/** @param window of a terminal; null without one */
export function keptCommand(command: readonly string[], tty: boolean, window: Window | null): string[] {
  source ??= readFileSync(file, 'utf8');
  const { columns, rows } = window ?? { columns: 80, rows: 24 };
  return ['/usr/bin/perl', '-e', source, tty ? 'tty' : 'pipe', String(columns), String(rows), ...command];
}
