// What callers and we say to each other over a WebSocket, whichever way they are attached.
import type { WebSocket } from 'ws';
import type { AttachedSession } from '../processes/attached.ts';

/** From a caller: nothing in it is trusted. */
export type Message = Readonly<
  Partial<Record<'type' | 'columns' | 'rows' | 'signal' | 'stdout' | 'stderr', unknown>>
>;

export interface Relayed extends Pick<AttachedSession, 'signal'> {
  resize(columns: number, rows: number): void;
}

/** The first byte of what a process prints. */
export const channel = { stdout: 1, stderr: 2 } as const;
export const revoked =
  'Your token was revoked or has expired, or your access to the app was taken away, and what was attached ends with that.';

const signals: ReadonlySet<string> = new Set([
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
]);

export function tell(client: WebSocket, message: Record<string, unknown>): void {
  if (client.readyState === client.OPEN) client.send(JSON.stringify(message));
}

export function readMessage(text: string): Message {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

function isSize(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) < 10_000;
}

/** The size of its terminal, a signal. */
export function relayed(session: Relayed, { type, columns, rows, signal }: Message): void {
  if (type === 'resize' && isSize(columns) && isSize(rows)) session.resize(columns, rows);
  else if (type === 'signal' && typeof signal === 'string' && signals.has(signal))
    void session.signal(signal).catch(() => undefined);
}

/** One at a time, and the last counts: the engine may carry out two that it is asked for at once in either order. */
export function latestSize(resize: AttachedSession['resize']): Relayed['resize'] {
  let wanted: [columns: number, rows: number] | undefined;
  let busy = false;
  const follow = async (): Promise<void> => {
    for (let size = wanted; size; size = wanted) {
      wanted = undefined;
      await resize(...size).catch(() => undefined);
    }
    busy = false;
  };
  return (columns, rows) => {
    wanted = [columns, rows];
    if (busy) return;
    busy = true;
    void follow();
  };
}
