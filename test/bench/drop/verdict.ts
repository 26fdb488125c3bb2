// What the visitors met, judged: how many exchanges there were, which failed, and during which change (pure).
import { type Failure, longer, type Report } from './load.ts';

/** A change to the app or the server, while visitors are there. */
export interface Mark {
  what: string;
  from: number;
  /** Null while it goes on. */
  to: number | null;
}

/** Longer WebSockets that were ended sooner than `drainMs` after their process was still given a question. */
export function endedEarly(
  { ended, lastAsked }: Pick<Report, 'ended' | 'lastAsked'>,
  drainMs: number,
): Failure[] {
  return ended.flatMap(({ process, at }) => {
    // It got a question, so it was not taken out before; the time to drain begins later than that.
    const asked = process === null ? at : (lastAsked.get(process) ?? at);
    if (at - asked >= drainMs) return [];
    const detail = `${((at - asked) / 1000).toFixed(1)} s after its process was asked last`;
    return [{ kind: longer, fault: 'cut', detail, begunAt: asked, at, process }];
  });
}

export interface Verdict {
  /** Longer WebSockets are counted apart. */
  asked: number;
  perSecond: number;
  failures: Failure[];
  longer: { opened: number; ended: number };
}

export function verdictOf(report: Report, drainMs: number): Verdict {
  let asked = 0;
  for (const [kind, count] of report.counts) if (kind !== longer) asked += count;
  return {
    asked,
    perSecond: asked / report.seconds,
    failures: [...report.failures, ...endedEarly(report, drainMs)],
    longer: { opened: report.counts.get(longer) ?? 0, ended: report.ended.length },
  };
}

/** One line for people. */
export function tell(failure: Failure, marks: readonly Mark[]): string {
  const { kind, fault, detail, process, begunAt, at } = failure;
  const lasted = `after ${((at - begunAt) / 1000).toFixed(2)} s`;
  return `${kind}: ${fault} (${detail}) ${lasted}, of ${process ?? 'no process'}; ${when(at, marks)}`;
}

function when(at: number, marks: readonly Mark[]): string {
  const index = marks.findLastIndex((mark) => mark.from <= at);
  const mark = marks[index];
  if (!mark) return 'before the first change';
  const seconds = ((at - mark.from) / 1000).toFixed(2);
  const over =
    mark.to !== null && mark.to < at ? `, ended ${((at - mark.to) / 1000).toFixed(2)} s before` : '';
  return `change ${index + 1} (${mark.what}), ${seconds} s after its begin${over}`;
}
