// A container's life on a Docker Engine: create, start, look, list, remove; its figures.

import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from '../domain/errors.ts';
import { attachTo } from './docker-attach.ts';
import type { DockerConnection } from './docker-connection.ts';
import { decodeDetails, decodeSummary } from './docker-decode.ts';
import { entering } from './docker-enter.ts';
import { statusOf } from './docker-errors.ts';
import { execIn, lastLinesOf } from './docker-exec.ts';
import { figuresOf } from './docker-figures.ts';
import type { NetworkNames } from './docker-network-names.ts';
import { signalsOf } from './docker-signals.ts';
import { createRequest } from './docker-spec.ts';
import { waitFor } from './docker-wait.ts';
import type { ContainerPart } from './engine.ts';
import { endLostProcesses } from './lost-processes.ts';

export function dockerContainers(connection: DockerConnection, names: NetworkNames): ContainerPart {
  const { docker, call } = connection;
  const exec = execIn(connection);
  const wait = waitFor(connection);
  const figures = figuresOf(connection);
  return {
    async create(spec) {
      const network = spec.network === undefined ? undefined : await names.modeOf(spec.network);
      return call(`create the container "${spec.name}"`, async () => {
        const container = await docker.createContainer(createRequest(spec, network));
        return container.id;
      });
    },

    start: (id) => {
      connection.started.add(id);
      return call(`start the container ${id}`, () => docker.getContainer(id).start()).then(
        () => {},
        (error) => {
          if (statusOf(error) !== 304) throw error;
        },
      );
    },

    ...signalsOf(connection, { exec, wait }),

    async remove(id) {
      figures.forget(id);
      await remove(connection, id);
    },

    inspect: (id) =>
      call(`look at the container ${id}`, async () => decodeDetails(await docker.getContainer(id).inspect())),

    list: (labels) => list(connection, labels),

    endLost: (labels) => endLost(connection, labels),

    wait,
    attach: attachTo(connection),

    resize: (id, { columns, rows }) =>
      call(`resize the terminal of the container ${id}`, async () => {
        await docker.getContainer(id).resize({ w: columns, h: rows });
      }),

    exec,
    ...entering(connection, exec),

    stats: figures.stats,

    lastLines: lastLinesOf(connection),
  };
}

function list({ docker, call }: DockerConnection, labels: Record<string, string>) {
  return call('list containers', async () => {
    const answer = await docker.listContainers({ all: true, filters: { label: labelFilter(labels) } });
    return answer.map(decodeSummary);
  });
}

const idle: ReadonlySet<string> = new Set(['created', 'exited', 'dead']);

export async function endLost(connection: DockerConnection, labels: Record<string, string>): Promise<void> {
  const found = await list(connection, labels);
  const candidates = found.filter(({ id, state }) => idle.has(state) && !connection.started.has(id));
  await endLostProcesses(
    candidates.map(({ id }) => id),
    (id) => !connection.started.has(id),
  );
}

export function labelFilter(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).map(([name, value]) => `${name}=${value}`);
}

/** Two removals at once: the second is told "already in progress" and waits for the first. */
async function remove(connection: DockerConnection, id: string): Promise<void> {
  connection.started.delete(id);
  for (;;) {
    try {
      await connection.call(`remove the container ${id}`, () =>
        connection.docker.getContainer(id).remove({ force: true, v: true }),
      );
      return;
    } catch (error) {
      if (hasCode(error, 'not_found')) return;
      if (!hasCode(error, 'conflict') || !/already in progress/.test(String(error))) throw error;
    }
    await delay(50);
  }
}
