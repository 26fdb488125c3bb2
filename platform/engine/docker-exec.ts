// Running a program inside a running container, and reading what a container has printed.
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { PlatformError } from '../domain/errors.ts';
import type { DockerConnection } from './docker-connection.ts';
import type { Engine } from './engine.ts';
import { createDemultiplexer } from './multiplex.ts';

const OUTPUT_LIMIT = 1_048_576;

export function execIn(connection: DockerConnection): Engine['exec'] {
  return async (id, command, { user, signal } = {}) => {
    const doing = `run "${command[0] ?? ''}" in the container ${id}`;
    return connection.call(
      doing,
      async () => {
        const abort = signal ? { abortSignal: signal } : {};
        const exec = await connection.docker.getContainer(id).exec({
          AttachStdout: true,
          AttachStderr: true,
          Cmd: command,
          ...(user ? { User: user } : {}),
          ...abort,
        });
        const stream = await exec.start({ Detach: false, Tty: false, ...abort });
        const output = await readMultiplexed(stream, OUTPUT_LIMIT);
        return { exitCode: await exitCodeOf(doing, () => exec.inspect(abort), signal), output };
      },
      signal,
    );
  };
}

/** The stream may end a moment before the engine has noted the status. */
async function exitCodeOf(
  doing: string,
  inspect: () => Promise<{ Running: boolean; ExitCode: number | null }>,
  signal?: AbortSignal,
): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const state = await inspect();
    if (!state.Running && state.ExitCode !== null) return state.ExitCode;
    await delay(Math.min(5 * 2 ** attempt, 100), undefined, signal ? { signal } : {});
  }
  throw new PlatformError('engine_failed', `Could not ${doing}: its exit status never came.`);
}

/** Reads to the end; what goes past the limit is read too, so that the program is not held up, and dropped. */
async function readMultiplexed(stream: AsyncIterable<Buffer | string>, limit: number): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  const push = createDemultiplexer((_kind, piece) => {
    const kept = piece.subarray(0, limit - size);
    size += kept.length;
    if (kept.length > 0) pieces.push(kept);
  });
  for await (const chunk of stream) push(Buffer.from(chunk as Buffer));
  return Buffer.concat(pieces).toString('utf8');
}

export function lastLinesOf(connection: DockerConnection): Engine['lastLines'] {
  return async (id, count) => {
    const doing = `read the last lines of the container ${id}`;
    const details = await connection.call(doing, () => connection.docker.getContainer(id).inspect());
    if (count <= 0 || details.HostConfig.LogConfig?.Type === 'none') return [];
    const stream = await connection.open(doing, {
      method: 'GET',
      path: `/containers/${encodeURIComponent(id)}/logs`,
      query: { stdout: '1', stderr: '1', tail: String(count) },
    });
    const text = await connection.call(doing, () =>
      details.Config.Tty ? readRaw(stream, OUTPUT_LIMIT) : readMultiplexed(stream, OUTPUT_LIMIT),
    );
    const lines = text.split(/\r?\n/);
    if (lines.at(-1) === '') lines.pop();
    return lines.slice(-count);
  };
}

async function readRaw(stream: Readable, limit: number): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const kept = Buffer.from(chunk).subarray(0, limit - size);
    size += kept.length;
    pieces.push(kept);
  }
  return Buffer.concat(pieces).toString('utf8');
}
