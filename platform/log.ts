// The server's own log: JSON lines on stderr, never mixed with what apps print.
import { type Logger, pino } from 'pino';

export type Log = Logger;

/** @param level least severe level that is written */
export function createLog(level: string): Log {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
}
