// Docker Engine, 20.10 to 29: containers in our words over the engine's socket.
import { connectDocker, type DockerConnection } from './docker-connection.ts';
import { dockerContainers } from './docker-containers.ts';
import { eventsOf } from './docker-events.ts';
import { dockerImages } from './docker-images.ts';
import { createNetworkNames } from './docker-network-names.ts';
import { dockerNetworks } from './docker-networks.ts';
import type { Engine, EngineInfo } from './engine.ts';

/** Opens no connection until the first call; `info()` tells whether an engine answers. */
export function createDockerEngine(options: { socketPath: string }): Engine {
  const connection = connectDocker(options.socketPath);
  const names = createNetworkNames(connection);
  return {
    info: () => info(connection),
    ...dockerImages(connection),
    ...dockerNetworks(connection, names),
    ...dockerContainers(connection, names),
    events: eventsOf(connection),
    close: () => connection.close(),
  };
}

interface InfoAnswer {
  ServerVersion?: string;
  CgroupVersion?: string;
  DockerRootDir?: string;
  DriverStatus?: [string, string][] | null;
  NCPU?: number;
  MemTotal?: number;
}

function info(connection: DockerConnection): Promise<EngineInfo> {
  return connection.call('ask the engine what it is', async () => {
    const [answer, version] = await Promise.all([
      connection.docker.info() as Promise<InfoAnswer>,
      connection.docker.version(),
    ]);
    const snapshotter = (answer.DriverStatus ?? []).some(
      ([key, value]) => key === 'driver-type' && value.startsWith('io.containerd.snapshotter'),
    );
    return {
      version: answer.ServerVersion ?? version.Version,
      imageStore: snapshotter ? 'containerd' : 'classic',
      cgroupVersion: answer.CgroupVersion === '2' ? 2 : 1,
      architecture: version.Arch,
      rootFolder: answer.DockerRootDir ?? '/var/lib/docker',
      cpus: answer.NCPU ?? 1,
      memory: answer.MemTotal ?? 0,
    };
  });
}
