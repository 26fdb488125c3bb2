// `twelve ps:exec`: a command in a process that runs already.
import type { App } from '../domain/app.ts';
import { changeConfig } from '../domain/config-vars.ts';
import type { ProcessStatus } from '../domain/process.ts';
import type { AttachedSession } from '../processes/attached.ts';
import type { InsideOrder } from '../processes/inside.ts';
import type { Caller, Platform } from './context.ts';
import { findProcess } from './processes.ts';
import { requireCommand } from './run.ts';

/** What an interactive caller gets who names no command. */
const shell = 'bash';

export interface Entry {
  process: ProcessStatus;
  open(): Promise<AttachedSession>;
}

/** Looked for now; the command runs when the caller has come for it. @throws PlatformError `not_found`, `invalid_params` */
export async function enterProcess(
  platform: Platform,
  app: App,
  caller: Caller,
  name: string,
  order: Omit<InsideOrder, 'command'> & { command: string | undefined },
): Promise<Entry> {
  const command = order.command ?? shell;
  requireCommand(command, 'twelve ps:exec -p web.1 -- <command>');
  const env = changeConfig({}, order.env);
  const process = await findProcess(platform, app, name);
  return {
    process,
    async open() {
      const session = await platform.inside.open(process, { ...order, env, command });
      // Who, and where; a command may hold a secret.
      platform.logs.write(app.id, {
        source: 'twelve',
        process: 'api',
        text: `Command run in ${process.name} by user ${caller.user.email}`,
      });
      return session;
    },
  };
}
