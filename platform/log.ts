// The server's own log: JSON lines on stderr, never mixed with what apps print.
import { type DestinationStream, type Logger, pino } from 'pino';

export type Log = Logger;

/** @param level least severe level that is written */
export function createLog(level: string, to?: DestinationStream): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (name) => ({ level: name }) },
      // Of an error nothing is written unless it is told how.
      serializers: { error: pino.stdSerializers.err },
    },
    to ?? pino.destination({ dest: 2, sync: true }),
  );
}
