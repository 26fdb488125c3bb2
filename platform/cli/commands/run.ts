// run: a one-off process, attached to this terminal or on its own.
import { attachTo, terminalOf } from '../attached.ts';
import { appFlags, appPath, type Call, type Command } from '../command.ts';
import { commandText, environmentOf } from '../run-command.ts';
import type { Dyno } from '../v3.ts';

const run: Command = {
  name: 'run',
  aliases: ['run:detached'],
  usage: 'run <command>…',
  summary: "run a command in the app's current release, in a process of its own",
  example: 'twelve run -a hello node -e "console.log(process.env.DYNO)"',
  flags: {
    ...appFlags,
    env: { type: 'string', short: 'e', multiple: true, help: 'KEY=value for this process alone' },
    size: { type: 'string', short: 's', help: 'its size, such as standard-2x' },
    detach: { type: 'boolean', short: 'd', help: 'let it run on its own (also: run:detached)' },
    'no-tty': { type: 'boolean', help: 'give it pipes instead of a terminal' },
    // Known from elsewhere; here the exit status is always passed on.
    'exit-code': { type: 'boolean', short: 'x' },
  },
  passThrough: true,
  ownSignals: true,
  async run(call) {
    const command = commandText(call.words);
    const env = environmentOf(call.all('env'));
    const app = await call.app();
    return call.on('detach')
      ? await detached(call, app, command, env)
      : await attached(call, app, command, env);
  },
};

async function detached(
  call: Call,
  app: string,
  command: string,
  env: Record<string, string>,
): Promise<number> {
  const dyno = await call.out.during(
    `Running ${command} on ${app}`,
    () => create(call, app, { command, attach: false, env }),
    (made) => made.name,
  );
  call.out.line(dyno.name);
  call.out.notice(`Its output: twelve logs -p ${dyno.name} -a ${app}`);
  return 0;
}

async function attached(
  call: Call,
  app: string,
  command: string,
  env: Record<string, string>,
): Promise<number> {
  const terminal = terminalOf(call, env);
  return await attachTo(
    call,
    terminal,
    (headers) =>
      call.out.during(
        `Running ${command} on ${app}`,
        () => create(call, app, { command, ...terminal.body }, headers),
        (made) => made.name,
      ),
    (made) => `The server gave no address to attach to ${made.name}. Is it older than this command line?`,
  );
}

function create(
  call: Call,
  app: string,
  order: Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<Dyno> {
  const size = call.text('size');
  const body = { ...order, type: 'run', ...(size ? { size } : {}) };
  return call.api().send<Dyno>('POST', `${appPath(app)}/dynos`, body, headers);
}

export const commands: readonly Command[] = [run];
