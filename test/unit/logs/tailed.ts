// What a tail gives, as lines again.
import type { StoredLine } from '../../../platform/domain/log-line.ts';
import type { Place } from '../../../platform/logs/logs.ts';
import type { LineShape, ShownLines } from '../../../platform/logs/shown.ts';

/** In which nothing of a line is missing. */
export const whole: LineShape = { json: true, events: false };

/** @throws Error where lines are missing */
export function linesOf(part: ShownLines | Place): StoredLine[] {
  if ('missed' in part) throw new Error(`missed ${part.missed}`);
  const texts = Buffer.from(part.bytes).toString().split('\n').slice(0, -1);
  return texts.map((text) => {
    const { time, ...line } = JSON.parse(text);
    return { ...line, time: microsOf(time) };
  });
}

function microsOf(time: string): number {
  const [, seconds, micros] = /^(.*)\.(\d{6})\+00:00$/.exec(time)!;
  return Date.parse(`${seconds}Z`) * 1000 + Number(micros);
}
