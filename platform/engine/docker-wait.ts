// Waiting for a container's end without a gap through which the end could slip.

import { PlatformError } from '../domain/errors.ts';
import type { DockerConnection } from './docker-connection.ts';
import { decodeDetails } from './docker-decode.ts';
import type { Engine } from './engine.ts';
import { jsonLines } from './json-lines.ts';

interface WaitAnswer {
  StatusCode?: number;
  Error?: { Message?: string } | null;
}

/**
 * The engine sends its headers once it listens for the next end. What has ended by then is seen in the look that
 * follows; what has not, the open request will tell. (`not-running` alone would answer at once for a created one.)
 */
export function waitFor(connection: DockerConnection): Engine['wait'] {
  return async (id, { signal } = {}) => {
    const doing = `wait for the container ${id}`;
    const enough = new AbortController();
    const either = signal ? AbortSignal.any([signal, enough.signal]) : enough.signal;
    try {
      const answer = await connection.open(doing, {
        method: 'POST',
        path: `/containers/${encodeURIComponent(id)}/wait`,
        query: { condition: 'next-exit' },
        signal: either,
      });
      answer.on('error', () => {});
      const look = async () =>
        decodeDetails(
          await connection.call(doing, () => connection.docker.getContainer(id).inspect(), signal),
        );
      const details = await look();
      if (details.exitCode !== null) return details.exitCode;
      if (details.state === 'created' && details.error) {
        throw new PlatformError('engine_failed', `Could not ${doing}: it did not start. ${details.error}`);
      }
      const code = await connection.call(doing, () => exitCodeFrom(doing, answer), signal);
      // 0 is also what the engine says of one that was removed without ever running: then this look throws.
      if (details.state === 'created' && code === 0) await look();
      return code;
    } finally {
      enough.abort();
    }
  };
}

async function exitCodeFrom(doing: string, answer: AsyncIterable<Uint8Array>): Promise<number> {
  for await (const value of jsonLines(answer)) {
    const { StatusCode, Error: failure } = value as WaitAnswer;
    if (failure?.Message) throw new PlatformError('engine_failed', `Could not ${doing}: ${failure.Message}`);
    if (typeof StatusCode === 'number') return StatusCode;
  }
  throw new PlatformError('engine_unavailable', `Could not ${doing}: the engine broke off.`);
}
