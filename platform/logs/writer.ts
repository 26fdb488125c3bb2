// Lines of the platform on their way to the log router's thread: in batches, and what got lost there is told.
import { linesLost, nowMicros } from '../domain/log-line.ts';
import type { Link } from './link.ts';
import { createPacker, type PackedLines, type PlatformLine, unpack } from './packed.ts';

export interface Writer {
  /** Never waits. While the thread is down, lines wait for the next one. */
  write(line: PlatformLine): void;
  /** Sends what waits; otherwise that is done once per turn of the event loop. */
  flush(): void;
  /** How many of an app's lines never arrived. */
  lost(appId: string): number;
}

/** Lines that may be on their way; beyond them new ones are dropped, counted, and the count is said. */
const mostOnTheWay = 50_000;

export function createWriter(link: Pick<Link, 'call' | 'up'>): Writer {
  const batch = createPacker();
  let onTheWay = 0;
  let scheduled = false;
  const dropped = new Map<string, { line: PlatformLine; count: number }>();

  const lost = new Map<string, number>();
  const lose = (appId: string, count: number): void => void lost.set(appId, (lost.get(appId) ?? 0) + count);

  function flush(): void {
    scheduled = false;
    if (!link.up()) return;
    if (onTheWay + batch.count() < mostOnTheWay) announceDropped();
    if (batch.count() > 0) void send(batch.count(), batch.take());
  }

  async function send(count: number, lines: PackedLines): Promise<void> {
    onTheWay += count;
    try {
      await link.call('write', lines);
    } catch {
      announceLost(lines);
    }
    onTheWay -= count;
    if (dropped.size > 0) flush();
  }

  function announceDropped(): void {
    for (const { line, count } of dropped.values())
      batch.add({
        ...line,
        source: 'twelve',
        text: `${linesLost(count)}: more came than could be stored in time.`,
      });
    dropped.clear();
  }

  /** The thread died with them. Sending them again could store them twice, or kill the next one as well. */
  function announceLost(lines: PackedLines): void {
    const counts = new Map<string, number>();
    for (const { appId, count } of unpack(lines)) counts.set(appId, (counts.get(appId) ?? 0) + count);
    for (const [appId, count] of counts) {
      lose(appId, count);
      batch.add({
        appId,
        source: 'twelve',
        process: 'logs',
        text: `Up to ${linesLost(count)}: the log router failed while it stored them.`,
        time: nowMicros(),
      });
    }
  }

  return {
    flush,
    lost: (appId) => lost.get(appId) ?? 0,
    write(line) {
      if (onTheWay + batch.count() >= mostOnTheWay) {
        const key = `${line.appId} ${line.process}`;
        const known = dropped.get(key);
        dropped.set(key, { line, count: (known?.count ?? 0) + 1 });
        lose(line.appId, 1);
        return;
      }
      batch.add(line);
      if (scheduled) return;
      scheduled = true;
      setImmediate(flush);
    },
  };
}
