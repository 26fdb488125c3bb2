// Callers' programs in the containers of a simulated engine.
import { constants } from 'node:os';
import { Duplex, PassThrough } from 'node:stream';
import { PlatformError } from '../../platform/domain/errors.ts';
import type { Engine } from '../../platform/engine/engine.ts';
import { type MemoryContainer, mustRun } from './memory-container.ts';

type Guests = Map<MemoryContainer, Set<(signal: string) => void>>;

export function memoryGuests(find: (id: string) => MemoryContainer): Pick<Engine, 'enter' | 'hangUp'> {
  const guests: Guests = new Map();
  return {
    async enter(id, order) {
      const container = find(id);
      mustRun(container, `run "${order.command[0] ?? ''}"`);
      const [stdin, stdout] = [new PassThrough(), new PassThrough()];
      const stderr = order.tty ? null : new PassThrough();
      let onSignal = (name: string): void => end(128 + numberOf(name));
      let onResize: (columns: number, rows: number) => void = () => undefined;
      let resolve: (code: number) => void = () => undefined;
      const exit = new Promise<number>((then) => {
        resolve = then;
      });
      const signal = (name: string): void => (name === 'SIGKILL' ? end(137) : onSignal(name));
      const end = (code: number): void => {
        forget();
        guests.get(container)?.delete(signal);
        stdout.end();
        stderr?.end();
        resolve(code);
      };
      const forget = container.onEnd(() => end(137));
      guests.set(container, (guests.get(container) ?? new Set()).add(signal));
      container.behaviour.enter?.({
        order,
        stdin,
        print: (line, to = 'stdout') => ((to === 'stderr' && stderr) || stdout).write(`${line}\n`),
        exit: end,
        onSignal: (handler) => {
          onSignal = handler;
        },
        onResize: (handler) => {
          onResize = handler;
        },
      });
      return {
        stream: Duplex.from({ readable: stdout, writable: stdin }),
        ...(stderr ? { stderr } : {}),
        resize: async ({ columns, rows }) => onResize(columns, rows),
        async signal(name) {
          numberOf(name);
          signal(name);
        },
        exit,
      };
    },
    async hangUp(id) {
      for (const signal of [...(guests.get(find(id)) ?? [])]) signal('SIGHUP');
    },
  };
}

function numberOf(name: string): number {
  const number = constants.signals[name as NodeJS.Signals];
  if (number === undefined) throw new PlatformError('bad_request', `"${name}" is no signal.`);
  return number;
}
