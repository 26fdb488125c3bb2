// What a query by time would also ask for, had the budget not dropped it.
import type { LogFilter } from '../domain/log-line.ts';
import type { AppLog } from './app-log.ts';
import { blocksOf, unlessDamaged } from './segment-file.ts';
import type { Shelf } from './segments.ts';

/** The times (microseconds) of the oldest lines that are kept, where older ones were dropped. */
export interface Gone {
  /** Of requests. */
  requests?: number;
  /** Of all else. */
  others?: number;
}

/** Whether the dropped ones would have matched nobody knows: only that the query begins before what is kept. */
export function goneBefore(log: AppLog, filter: LogFilter): Gone | undefined {
  const { source, process } = filter;
  const requests =
    source === 'app' || (process ?? 'router') !== 'router' ? undefined : oldest(log.router, filter);
  const others = process === 'router' ? undefined : oldest(log.general, filter);
  if (requests === undefined && others === undefined) return undefined;
  return { ...(requests === undefined ? {} : { requests }), ...(others === undefined ? {} : { others }) };
}

/** Undefined also where nothing was dropped, or nothing from `since` on. */
function oldest({ segments }: Shelf, { since }: LogFilter): number | undefined {
  const segment = segments[0];
  if (!segment || segment.before === 0 || since === undefined) return undefined;
  const blocks = unlessDamaged(() => blocksOf(segment)) ?? [];
  const time = Math.min(...blocks.map(({ earliest }) => earliest));
  return Number.isFinite(time) && since < time ? time : undefined;
}
