// A caller's program inside a running container: with a terminal or pipes, signals, exit status, and never left behind.
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode, PlatformError } from '../domain/errors.ts';
import { attachmentOf, detachKeys } from './docker-attach.ts';
import type { ExecState } from './docker-client.ts';
import type { DockerConnection } from './docker-connection.ts';
import { signalNames } from './docker-signals.ts';
import type { Engine, EnterOrder } from './engine.ts';

/**
 * The engine knows no way to signal such a program, and leaves it behind when its caller goes. It is found by this variable,
 * which what it starts inherits.
 */
const mark = 'TWELVE_ENTERED';
const lookMs = 2000;
const killed = 137;

/** Arguments: the variable as a pattern, a pattern of those to leave alone, the signal. */
const signalMarked = `for file in $(grep -slz -e "$1" /proc/[0-9]*/environ); do
  if [ -n "$2" ] && grep -sqz -e "$2" "$file"; then continue; fi
  pid=\${file%/environ}; kill -"$3" "\${pid#/proc/}" 2>/dev/null
done; true`;

export function entering(
  connection: DockerConnection,
  exec: Engine['exec'],
): Pick<Engine, 'enter' | 'hangUp'> {
  const { docker, call } = connection;
  /** Of this client: its own programs are in their callers' hands. */
  const client = `${mark}=${randomUUID()}`;
  /** Run by the user who runs what is meant: root without capabilities may neither look at others' processes nor signal them. */
  const signalIn = async (
    id: string,
    user: string,
    [pattern, except]: [string, string],
    signal: string,
  ): Promise<void> => {
    const name = signal.replace(/^SIG/, '');
    if (!signalNames.has(`SIG${name}`) && name !== 'KILL')
      throw new PlatformError('bad_request', `"${signal}" is no signal that can be sent to a process.`);
    await exec(id, ['/bin/sh', '-c', signalMarked, 'sh', pattern, except, name], { user });
  };

  /** Null while it runs. */
  const statusOf = async (id: string, look: () => Promise<ExecState>): Promise<number | null> => {
    try {
      const state = await call(`look at what runs in the container ${id}`, look);
      if (!state.Running && state.ExitCode !== null) return state.ExitCode;
      const container = await call(`look at the container ${id}`, () => docker.getContainer(id).inspect());
      return container.State.Running ? null : killed;
    } catch (error) {
      if (hasCode(error, 'not_found')) return killed;
      throw error;
    }
  };

  return {
    async enter(id, order) {
      const doing = `run "${order.command[0] ?? ''}" in the container ${id}`;
      const own = `${client}.${randomUUID()}`;
      const made = await call(doing, () => docker.getContainer(id).exec(request(order, own)));
      const socket = await connection.upgrade(doing, `/exec/${made.id}/start`, {}, startOf(order));
      const exit = endOf(socket, () => statusOf(id, made.inspect));
      // Whoever asks for it is told; it may fail before anybody does.
      exit.catch(() => undefined);
      return {
        ...attachmentOf(socket, order.tty),
        resize: ({ columns, rows }) =>
          call(`resize the terminal in the container ${id}`, () => made.resize({ w: columns, h: rows })),
        signal: (name) => signalIn(id, order.user, [`^${own}$`, ''], name),
        exit,
      };
    },
    async hangUp(id) {
      const doing = `look at what runs in the container ${id}`;
      const { ExecIDs } = await call(doing, () => docker.getContainer(id).inspect());
      const guests = await Promise.all(
        (ExecIDs ?? []).map((one) => call(doing, () => docker.getExec(one).inspect())),
      );
      const users = new Set(guests.flatMap(({ ProcessConfig }) => ProcessConfig?.user ?? []));
      for (const user of users) await signalIn(id, user, [`^${mark}=`, `^${client}`], 'SIGHUP');
    },
  };
}

const startOf = ({ tty }: EnterOrder) => ({ Detach: false, Tty: tty });

function request({ command, user, tty, env = {} }: EnterOrder, own: string): Record<string, unknown> {
  return {
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: tty,
    DetachKeys: detachKeys,
    Cmd: command,
    User: user,
    // Said, though it is what the engine does by itself: nothing beyond what the container has.
    Privileged: false,
    Env: [...Object.entries(env).map(([name, value]) => `${name}=${value}`), own],
  };
}

/**
 * The end of its output comes a moment before the engine has noted the status; where nobody reads, that end is not seen, and
 * where the engine missed it no status ever comes. So it is asked now and then.
 */
async function endOf(socket: Socket, status: () => Promise<number | null>): Promise<number> {
  const ended = new AbortController();
  for (const event of ['end', 'close'] as const) socket.once(event, () => ended.abort());
  for (let pause = 5; ; pause = Math.min(pause * 2, 500)) {
    const known = await status();
    if (known !== null) return known;
    if (ended.signal.aborted) await delay(pause);
    else {
      pause = 5;
      await delay(lookMs, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  }
}
