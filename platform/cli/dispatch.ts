// One invocation from arguments to exit status: find the command, load it, run it, say what went wrong.
import { type Arguments, parseArguments } from './args.ts';
import type { Client } from './client.ts';
import type { Call, Command, World } from './command.ts';
import { findApp, openServer } from './context.ts';
import { CliError, interrupted, isInterrupt, usageError } from './errors.ts';
import { createOutput, type Output } from './output.ts';
import { closestName, findCommand } from './registry.ts';

export async function dispatch(argv: readonly string[], world: World): Promise<number> {
  const stop = new AbortController();
  const out = createOutput(world);
  try {
    const { command, args } = await understand(argv);
    if (args.flags['help'] && command.name !== 'server') {
      const { explain } = await import('./commands/help.ts');
      await explain({ out, world }, command);
      return 0;
    }
    return await runInterruptible(command, createCall(command, args, world, out, stop.signal), stop);
  } catch (error) {
    if (isInterrupt(error)) return 130;
    if (!(error instanceof CliError)) {
      out.error(
        `This is a defect of the command line: ${error instanceof Error ? error.stack : String(error)}`,
      );
      return 1;
    }
    out.error(error.message);
    return error.status;
  }
}

const namesOfOptions: ReadonlyMap<string, string> = new Map([
  ['--help', 'help'],
  ['-h', 'help'],
  ['--version', 'version'],
  ['-v', 'version'],
]);

async function understand(argv: readonly string[]): Promise<{ command: Command; args: Arguments }> {
  const [first = 'help', ...rest] = argv;
  const name = namesOfOptions.get(first) ?? first;
  if (name.startsWith('-'))
    throw usageError(
      `The command comes first: twelve <command> ${name} …\n"twelve help" lists the commands.`,
    );
  const command = await findCommand(name);
  if (!command) {
    const meant = closestName(name);
    throw usageError(
      `"${name}" is not a command of twelve.${meant ? ` Did you mean ${meant}?` : ''}\n"twelve help" lists the commands.`,
    );
  }
  const args = command.name === 'server' ? { words: rest, flags: {} } : parseArguments(command, rest);
  if (name === 'run:detached') args.flags['detach'] = true;
  return { command, args };
}

/** Ctrl-C asks the command to end; a second one, or a command that does not, ends it at once. */
async function runInterruptible(command: Command, call: Call, stop: AbortController): Promise<number> {
  if (command.ownSignals) return (await command.run(call)) ?? 0;
  const { signals } = call.world;
  return await new Promise<number>((resolve, reject) => {
    let patience: NodeJS.Timeout | undefined;
    const onInterrupt = (): void => {
      if (stop.signal.aborted) reject(interrupted());
      stop.abort(interrupted());
      patience = setTimeout(() => reject(interrupted()), 2000);
    };
    signals.on('SIGINT', onInterrupt);
    command
      .run(call)
      .then((status) => resolve(status ?? 0), reject)
      .finally(() => {
        clearTimeout(patience);
        signals.off('SIGINT', onInterrupt);
      });
  });
}

function createCall(command: Command, args: Arguments, world: World, out: Output, signal: AbortSignal): Call {
  let client: Client | undefined;
  const value = (flag: string): Arguments['flags'][string] => {
    if (!Object.hasOwn(command.flags, flag)) throw new Error(`${command.name} has no flag ${flag}`);
    return args.flags[flag];
  };
  const call: Call = {
    words: args.words,
    text: (flag) => value(flag) as string | undefined,
    all: (flag) => (value(flag) as string[] | undefined) ?? [],
    on: (flag) => value(flag) === true,
    world,
    out,
    signal,
    api() {
      client ??= openServer(world.env, { signal, warn: out.warn });
      return client;
    },
    app() {
      // Whoever is not logged in is told that first, before anything is begun.
      call.api();
      return findApp(world, { app: call.text('app'), remote: call.text('remote') });
    },
  };
  return call;
}
