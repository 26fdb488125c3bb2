// Following a release to its end: what was asked for is done only when it serves.
import { appPath, type Call } from './command.ts';
import { CliError, isInterrupt } from './errors.ts';
import type { Action } from './output.ts';
import { untilEnded } from './until-ended.ts';
import type { Release } from './v3.ts';

/**
 * @param action the line that was begun; it ends with `done, v5`
 * @throws CliError saying why it failed and what serves instead
 */
export async function followVersion(
  call: Call,
  app: string,
  version: number,
  action: Action,
): Promise<Release> {
  let line = action;
  let number = version;
  try {
    for (;;) {
      const release = await untilEnded<Release>(call, `${appPath(app)}/releases/${number}`, line);
      if (release.status === 'succeeded') {
        line.done(`v${number}`);
        return release;
      }
      if (release.status === 'failed') {
        line.failed(`v${number}`);
        throw new CliError(notApplied(release));
      }
      // Numbers have no gaps, so what superseded it is the next one, or was superseded in turn.
      number++;
      line.interrupt();
      call.out.notice(`v${release.version} was superseded by v${number}, which was made on top of it.`);
      line = call.out.action(`Following v${number} of ${app}`);
    }
  } catch (error) {
    if (isInterrupt(error)) {
      line.interrupt();
      call.out.notice(
        `v${number} goes on without us. See what becomes of it: twelve releases:info v${number} -a ${app}`,
      );
    } else line.failed();
    throw error;
  }
}

/** `not applied: v9 failed, v8 serves`, after the reason. */
export function notApplied(release: Release): string {
  const serves = release.serves ? `v${release.serves} serves` : 'nothing serves yet';
  const fact = `not applied: v${release.version} ${release.status}, ${serves}`;
  return release.reason ? `${release.reason.trimEnd()}\n${fact}` : fact;
}

/** The newest release, or undefined before there is one. */
export async function newestRelease(call: Call, app: string): Promise<Release | undefined> {
  const [newest] = await call.api().list<Release>(`${appPath(app)}/releases`, {
    field: 'version',
    order: 'desc',
    limit: 1,
  });
  return newest;
}
