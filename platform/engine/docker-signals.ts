// Ending containers: a signal to every process inside, waiting for the end, and the hard end after the grace.
import { hasCode, PlatformError } from '../domain/errors.ts';
import { timeLimit } from '../domain/time-limit.ts';
import type { DockerConnection } from './docker-connection.ts';
import { statusOf } from './docker-errors.ts';
import type { Engine } from './engine.ts';

/** Only these words ever reach the shell inside a container. */
export const signalNames: ReadonlySet<string> = new Set(
  ['HUP', 'INT', 'QUIT', 'USR1', 'USR2', 'TERM', 'CONT', 'STOP', 'TSTP', 'WINCH', 'ALRM', 'TTIN', 'TTOU'].map(
    (name) => `SIG${name}`,
  ),
);

/** How long the attempt to signal from inside may take; a container at its process or memory limit may not answer. */
const EXEC_DEADLINE_MS = 5_000;

export interface SignalParts {
  kill: Engine['kill'];
  stop: Engine['stop'];
}

export function signalsOf(connection: DockerConnection, parts: Pick<Engine, 'exec' | 'wait'>): SignalParts {
  const { docker, call } = connection;

  const plainKill = (id: string, signal: string): Promise<void> =>
    call(`send ${signal} to the container ${id}`, async () => {
      await docker.getContainer(id).kill({ signal });
    });

  /** An init or shell as first process passes a signal to its own child at most; from inside, all are reached. */
  const signalAll = async (id: string, signal: string, init: boolean, within: number): Promise<void> => {
    const reached = await fromInside(parts.exec, id, signal, within);
    // Every process but the first is signalled from inside; an init as first needs none, a program of the app's does.
    if (!reached || !init) await plainKill(id, signal);
  };

  const inspect = (id: string) =>
    call(`look at the container ${id}`, () => docker.getContainer(id).inspect());

  const kill: Engine['kill'] = async (id, name) => {
    const signal = name.startsWith('SIG') ? name : `SIG${name}`;
    if (signal === 'SIGKILL') return plainKill(id, signal);
    if (!signalNames.has(signal)) {
      throw new PlatformError('bad_request', `"${name}" is no signal that can be sent to a process.`);
    }
    const { State, HostConfig } = await inspect(id);
    if (!State.Running) {
      throw new PlatformError('conflict', `The container ${id} is not running: no signal was sent.`);
    }
    // One that it ends would be brought back unless the engine itself has sent it.
    if (restarts(HostConfig)) return plainKill(id, signal);
    return signalAll(id, signal, HostConfig.Init === true, EXEC_DEADLINE_MS);
  };

  const end = async (id: string, graceSeconds: number): Promise<'ended' | 'killed'> => {
    const { State, HostConfig } = await inspect(id);
    if (!State.Running && !State.Restarting) return 'ended';
    if (restarts(HostConfig)) {
      await engineStop(connection, id, graceSeconds);
      return 'ended';
    }
    const within = Math.min(EXEC_DEADLINE_MS, graceSeconds * 500);
    // Where it cannot be asked it is killed all the same, so that this failure changes nothing but the time it had.
    void signalAll(id, 'SIGTERM', HostConfig.Init === true, within).catch(() => {});
    if (await endsBefore(parts.wait, id, timeLimit(graceSeconds * 1000))) return 'ended';
    await plainKill(id, 'SIGKILL').catch(ignoreEnded);
    await parts.wait(id);
    return 'killed';
  };

  return {
    kill,
    stop: (id, { graceSeconds }) =>
      end(id, graceSeconds).catch((error: unknown) => {
        ignoreGone(error);
        return 'ended' as const;
      }),
  };
}

function restarts({ RestartPolicy }: { RestartPolicy?: { Name: string } | undefined }): boolean {
  return (RestartPolicy?.Name || 'no') !== 'no';
}

/** A restart policy would bring it back unless the engine itself is told to stop it. */
async function engineStop(connection: DockerConnection, id: string, graceSeconds: number): Promise<void> {
  try {
    await connection.call(`stop the container ${id}`, () =>
      connection.docker.getContainer(id).stop({ t: graceSeconds }),
    );
  } catch (error) {
    if (statusOf(error) !== 304) throw error;
  }
}

/** False where it cannot be done (no shell inside, paused, at its process limit) or where nothing was there to signal. */
async function fromInside(
  exec: Engine['exec'],
  id: string,
  signal: string,
  within: number,
): Promise<boolean> {
  const script = `kill -${signal.replace(/^SIG/, '')} -1`;
  try {
    const result = await exec(id, ['/bin/sh', '-c', script], { signal: timeLimit(within) });
    return result.exitCode === 0;
  } catch (error) {
    if (hasCode(error, 'engine_unavailable')) throw error;
    return false;
  }
}

async function endsBefore(wait: Engine['wait'], id: string, deadline: AbortSignal): Promise<boolean> {
  try {
    await wait(id, { signal: deadline });
    return true;
  } catch (error) {
    if (deadline.aborted && hasCode(error, 'cancelled')) return false;
    throw error;
  }
}

/** Ended between our look and our signal: what we wanted. */
function ignoreEnded(error: unknown): void {
  if (!hasCode(error, 'not_found', 'conflict') && !/is not running/.test(String(error))) throw error;
}

function ignoreGone(error: unknown): void {
  if (!hasCode(error, 'not_found')) throw error;
}
