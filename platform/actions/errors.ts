// What went wrong with an app's requests and processes, counted by code, as its log tells.
import type { App } from '../domain/app.ts';
import { type Code, codeIn } from '../domain/code.ts';
import type { Platform } from './context.ts';

export interface CodeCount {
  code: Code;
  count: number;
  /** Microseconds since the epoch. */
  firstAt: number;
  lastAt: number;
  /** Of the last one; null when the router knew none. */
  lastProcess: string | null;
}

/** Lines of the platform that are looked at: the newest. */
const mostLines = 20_000;

export async function countCodes(
  { logs }: Pick<Platform, 'logs'>,
  app: Pick<App, 'id'>,
): Promise<CodeCount[]> {
  const counts = new Map<Code, CodeCount>();
  for (const line of await logs.read(app.id, { lines: mostLines, filter: { source: 'twelve' } })) {
    const found = codeIn(line);
    if (!found) continue;
    const { code, process: lastProcess } = found;
    const { count = 0, firstAt = line.time } = counts.get(code) ?? {};
    counts.set(code, { code, count: count + 1, firstAt, lastAt: line.time, lastProcess });
  }
  return [...counts.values()];
}
