// ps:exec: a command, or a shell, inside a process that runs.
import { attachTo, terminalOf } from '../attached.ts';
import { appFlags, appPath, type Command } from '../command.ts';
import { usageError } from '../errors.ts';
import { commandText, environmentOf } from '../run-command.ts';
import type { Dyno } from '../v3.ts';

const exec: Command = {
  name: 'ps:exec',
  usage: 'ps:exec [command]…',
  summary: 'run a command, or a shell, in a process that runs',
  example: 'twelve ps:exec -a hello -p web.1 -- ls -l',
  flags: {
    ...appFlags,
    process: { type: 'string', short: 'p', help: 'which one; otherwise web.1' },
    // As Heroku calls it.
    dyno: { type: 'string', short: 'd' },
    env: { type: 'string', short: 'e', multiple: true, help: 'KEY=value for this command alone' },
    'no-tty': { type: 'boolean', help: 'give it pipes instead of a terminal' },
  },
  passThrough: true,
  ownSignals: true,
  async run(call) {
    const name = call.text('process') ?? call.text('dyno') ?? 'web.1';
    if (!/^[A-Za-z0-9_-]+\.\d+$/.test(name))
      throw usageError(`"${name}" is not a process such as web.1. "twelve ps" lists what runs.`);
    const terminal = terminalOf(call, environmentOf(call.all('env')));
    const command = call.words.length > 0 ? { command: commandText(call.words, 'ps:exec') } : {};
    const app = await call.app();
    const path = `${appPath(app)}/dynos/${name}`;
    return await attachTo(
      call,
      terminal,
      (headers) => call.api().send<Dyno>('POST', path, { ...command, ...terminal.body }, headers),
      () => `The server gave no address to attach to ${name}.`,
    );
  },
};

export const commands: readonly Command[] = [exec];
