// The figures of a running container: from the kernel's own files where we see them, else from the engine.
import { PlatformError } from '../domain/errors.ts';
import { type CgroupFiles, cgroupOf, readCgroup } from './cgroup.ts';
import type { DockerConnection } from './docker-connection.ts';
import { decodeStats, type StatsAnswer } from './docker-stats.ts';
import type { ContainerStats, Engine } from './engine.ts';

export interface Figures {
  stats: Engine['stats'];
  /** The container is gone. */
  forget(id: string): void;
}

/** @param find where the kernel counts for a container, as far as we see it */
export function figuresOf({ docker, call }: DockerConnection, find = cgroupOf): Figures {
  /** By container; null where only the engine can be asked. */
  const known = new Map<string, CgroupFiles | null>();

  const asked = (id: string): Promise<ContainerStats> =>
    call(`read the figures of the container ${id}`, async () => {
      // One reading: for two, from which it would count a rate, the engine takes more than a second.
      const answer = await docker.getContainer(id).stats({ stream: false, 'one-shot': true });
      const stats = decodeStats(answer as StatsAnswer);
      if (!stats)
        throw new PlatformError('conflict', `The container ${id} is not running: it has no figures.`);
      return stats;
    });

  const filesOf = async (id: string): Promise<CgroupFiles | null> => {
    const { Id, State } = await call(`look at the container ${id}`, () => docker.getContainer(id).inspect());
    const files = State.Running && State.Pid > 0 ? find(State.Pid, Id) : null;
    if (State.Running) known.set(id, files);
    return files;
  };

  return {
    async stats(id) {
      const files = known.has(id) ? known.get(id)! : await filesOf(id);
      const read = files && readCgroup(files);
      if (read) return read;
      // Ended, or started anew in another place.
      if (files) known.delete(id);
      return asked(id).catch((error: unknown) => {
        known.delete(id);
        throw error;
      });
    },
    forget: (id) => void known.delete(id),
  };
}
