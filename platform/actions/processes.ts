// What runs of an app: processes of its formation, and one-off ones.
import type { App } from '../domain/app.ts';
import { notFound } from '../domain/errors.ts';
import type { ProcessStatus } from '../domain/process.ts';
import type { Platform } from './context.ts';

export async function listProcesses(
  { processes, oneOffs, figures }: Platform,
  app: Pick<App, 'id'>,
): Promise<ProcessStatus[]> {
  const all = [...processes.status(app.id), ...(await oneOffs.list(app.id))];
  return all.map((one) => ({ ...one, code: one.code ?? figures.codeOf(one.id) }));
}

/** By name or id. @throws PlatformError `not_found` */
export async function findProcess(
  platform: Platform,
  app: Pick<App, 'id' | 'name'>,
  nameOrId: string,
): Promise<ProcessStatus> {
  const all = await listProcesses(platform, app);
  const named = all.filter((one) => one.name === nameOrId || one.id === nameOrId);
  // After a deploy the old one of a name ends its requests beside the new one.
  const found = named.find((one) => one.state === 'up') ?? named[0];
  if (found) return found;
  throw notFound(
    'dyno',
    `${app.name} runs no process "${nameOrId.slice(0, 60)}". "twelve ps" lists what runs.`,
  );
}
