// The in-memory engine keeps the contract, so that what is tested with it holds on a real one.
import type { ContainerSpec } from '../../../platform/engine/engine.ts';
import { engineContract } from '../../contract/engine.ts';
import { guests, inside, type ProgramName, programs } from '../../contract/programs.ts';
import {
  type Behaviour,
  createMemoryEngine,
  type MemoryGuest,
  type MemoryProcess,
} from '../../support/memory-engine.ts';

const image = 'example/base:1';

const behaviours: Record<ProgramName, Behaviour> = {
  sleeps: { exec: answerInside, enter: guest },
  obeys: { run: onTerm(['ready'], ['asked to end'], 3) },
  family: { run: onTerm(['parent', 'child'], ['child asked', 'parent asked'], 0) },
  ignores: { prints: ['ready'], ignoresTerm: true },
  listens: {
    enter: guest,
    run: (process) => {
      process.print('ready');
      process.onSignal((signal) => process.print(`got ${signal.replace('SIG', '')}`));
    },
  },
  succeeds: { exitAfterMs: 0 },
  fails: { exitAfterMs: 0, exitCode: 7 },
  prints: { prints: ['one', 'two', 'three'], exitAfterMs: 0 },
  echoes: { run: echo },
  hungry: { exitAfterMs: 5, exitCode: 137, oom: true },
  missing: { startError: 'exec: "/no/such/program": no such file or directory' },
};

engineContract('The in-memory engine', async () => {
  const engine = createMemoryEngine({ images: [image], behaviours: (spec) => behaviours[programOf(spec)] });
  return { connect: engine.connect, image };
});

function programOf(spec: ContainerSpec): ProgramName {
  const names = Object.keys(programs) as ProgramName[];
  const name = names.find((each) => programs[each].join('\0') === spec.command?.join('\0'));
  if (!name) throw new Error(`the contract has no program ${spec.command?.join(' ')}`);
  return name;
}

function answerInside(command: readonly string[]): { exitCode: number; output: string } {
  if (command.join('\0') !== inside.join('\0')) return { exitCode: 127, output: 'not found\n' };
  return { exitCode: 5, output: 'from inside\n' };
}

function onTerm(first: string[], last: string[], code: number): (process: MemoryProcess) => void {
  return (process) => {
    for (const line of first) process.print(line);
    process.onSignal((signal) => {
      if (signal !== 'SIGTERM') return;
      for (const line of last) process.print(line);
      process.exit(code);
    });
  };
}

function echo(process: MemoryProcess): void {
  process.stdin.on('data', (chunk) => process.write(String(chunk)));
  process.stdin.on('end', () => {
    process.print('end of input', 'stderr');
    process.exit(4);
  });
}

/** What the contract's guests do, by their command. */
function guest(given: MemoryGuest): void {
  const does: Record<keyof typeof guests, () => void> = {
    echoes() {
      given.stdin.on('data', (chunk) => given.print(String(chunk).trimEnd()));
      given.stdin.on('end', () => {
        given.print('end of input', 'stderr');
        given.exit(4);
      });
    },
    sleeps() {},
    told() {
      given.print('ready');
      given.onSignal((signal) => given.exit(signal === 'SIGUSR1' ? 9 : 129));
    },
    measures() {
      given.print('ready');
      given.onResize((columns, rows) => given.print(`${rows} ${columns}`));
    },
    variable() {
      given.print(`${given.order.env?.['WORD']} ${given.order.user.split(':')[0]}`);
      given.exit(0);
    },
  };
  const known = Object.entries(guests).find(([, command]) => command.join() === given.order.command.join());
  does[known![0] as keyof typeof guests]();
}
