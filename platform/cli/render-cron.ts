// The text of `cron`: a row for each entry, and below what was missed.
import { aligned } from './output.ts';
import { age, localTime } from './terminal-text.ts';
import type { CronEntry } from './v3.ts';

export function renderCron(entries: readonly CronEntry[], now = Date.now()): string {
  const rows = entries.map((entry) => [
    entry.id,
    entry.schedule,
    entry.timezone,
    entry.next_run_at ? localTime(entry.next_run_at) : pauseOf(entry),
    lastRun(entry, now),
    entry.command.replace(/\s+/g, ' ').trim(),
  ]);
  const missed = entries.flatMap((entry) => missedOf(entry) ?? []);
  return [
    ...aligned([['id', 'schedule', 'zone', 'next run', 'last run', 'command'], ...rows]),
    ...(missed.length > 0 ? ['', ...missed] : []),
    '',
  ].join('\n');
}

function pauseOf({ state }: CronEntry): string {
  if (state === 'scheduled') return 'never';
  return state === 'maintenance' ? 'not in maintenance mode' : 'suspended';
}

/** `exit 0 (~ 5m ago)`, `runs as run.4821 (~ 3s ago), 2 left out` */
function lastRun({ last_run: run, skipped }: CronEntry, now: number): string {
  if (!run) return '-';
  const what =
    run.exit_status !== null
      ? `exit ${run.exit_status}`
      : run.ended_at !== null
        ? `failed`
        : run.dyno
          ? `runs as ${run.dyno}`
          : 'begins';
  const left = skipped > 0 ? `, ${skipped} left out` : '';
  return `${what} (${age(run.started_at, now)})${left}`;
}

/** Until it has run again; and why the last one has no exit status. */
function missedOf({ id, missed, last_run: run }: CronEntry): string | null {
  if (missed && (!run || run.started_at <= missed.to)) {
    const number = `${missed.more ? 'more than ' : ''}${missed.count} ${missed.count === 1 ? 'run' : 'runs'}`;
    const when =
      missed.from === missed.to
        ? `due ${localTime(missed.from)}`
        : `between ${localTime(missed.from)} and ${localTime(missed.to)}`;
    return `${id}: missed ${number} ${when}`;
  }
  return run?.failure ? `${id}: ${run.failure}` : null;
}
