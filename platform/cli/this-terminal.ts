// What is done here while something far away has this terminal, or these signals.
import type { Call } from './command.ts';

export type Words = Readonly<Record<string, unknown>>;

export interface Far {
  say(message: Words): void;
  /** We are being ended. */
  hangUp(): void;
}

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** Raw mode: every key, Ctrl-C too, goes to the process. @returns what puts the terminal back */
export function useTerminal(call: Call, far: Far): (() => void)[] {
  const { stdin, stdout, signals } = call.world;
  const resize = (): void => far.say({ type: 'resize', columns: stdout.columns, rows: stdout.rows });
  const restore = (): void => void stdin.setRawMode(false);
  // Killed from elsewhere, we still leave the terminal as it was, and the process gets its hang-up.
  const die = (): void => far.hangUp();
  stdin.setRawMode(true);
  stdout.on('resize', resize);
  signals.on('exit', restore);
  signals.on('SIGTERM', die);
  signals.on('SIGHUP', die);
  resize();
  return [
    restore,
    () => {
      stdout.off('resize', resize);
      signals.off('exit', restore);
      signals.off('SIGTERM', die);
      signals.off('SIGHUP', die);
    },
  ];
}

export function forwardSignals(call: Call, far: Far): () => void {
  const handlers = forwarded.map((signal) => {
    const handler = (): void => far.say({ type: 'signal', signal });
    call.world.signals.on(signal, handler);
    return () => call.world.signals.off(signal, handler);
  });
  return () => {
    for (const off of handlers) off();
  };
}
