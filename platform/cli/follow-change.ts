// Following a scale, a resize or a restart to its end: what was asked for is done only when it runs.
import type { IncomingHttpHeaders } from 'node:http';
import { appPath, type Call } from './command.ts';
import { CliError, isInterrupt } from './errors.ts';
import type { Action } from './output.ts';
import { patiently } from './patience.ts';
import { untilEnded } from './until-ended.ts';
import type { Formation, ProcessChange } from './v3.ts';

/**
 * @param headers of the answer to what was asked for: they name the change
 * @returns whether another change that came on top of it was followed in its place
 * @throws CliError saying which process kept it from being done, and what holds instead
 */
export async function followChange(
  call: Call,
  app: string,
  headers: IncomingHttpHeaders,
  action: Action,
): Promise<boolean> {
  let id = headers['twelve-change'];
  if (typeof id !== 'string')
    throw new CliError(
      `It was asked for, but this server does not tell what becomes of it. See what runs: twelve ps -a ${app}`,
    );
  try {
    for (let movedOn = false; ; movedOn = true) {
      const path: string = `${appPath(app)}/process-changes/${id}`;
      const change = await untilEnded<ProcessChange>(call, path, action);
      if (change.status === 'succeeded') return movedOn;
      if (change.status === 'failed') throw new CliError(change.reason ?? 'It failed; no reason was kept.');
      if (!change.superseded_by) throw new CliError('It was superseded.');
      id = change.superseded_by.id;
      action.say('Another change of the formation came on top of it, and is followed.');
    }
  } catch (error) {
    if (isInterrupt(error)) {
      action.interrupt();
      call.out.notice(`${app} goes on with it without us. See what runs: twelve ps -a ${app}`);
    }
    throw error;
  }
}

/**
 * The same of a scale or a resize.
 * @param answer to what was asked for
 * @returns what holds in the end of the types that were named, also where that is what somebody else asked for meanwhile
 */
export async function followFormation(
  call: Call,
  app: string,
  { value, headers }: { value: Formation[]; headers: IncomingHttpHeaders },
  action: Action,
): Promise<Formation[]> {
  if (!(await followChange(call, app, headers, action))) return value;
  const list = () => call.api().list<Formation>(`${appPath(app)}/formation`);
  const now = await patiently(list, { signal: call.signal, notice: action.say });
  return now.filter((entry) => value.some(({ type }) => type === entry.type));
}
