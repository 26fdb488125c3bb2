// What our networks are called on a Docker Engine, and by what it finds them.
import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import type { NetworkInspectInfo } from 'dockerode';
import type { DockerConnection } from './docker-connection.ts';

/**
 * Docker gives every container in a network that "a user defined" a resolver of its own, for the names of its neighbours:
 * a program and eleven calls of iptables in each start, a fifth of the time it takes, for names that no process asks for.
 * It goes by the network's name alone (`NetworkMode.IsUserDefined` in moby's api/types/container): one that starts with
 * `container:` is not taken for user defined. Its containers have the host's name servers.
 */
const withoutResolver = 'container:';

export interface NetworkNames {
  /** The name to make a network under. */
  toMake(name: string): string;
  /** What a container's network mode has to be: an id, since such a name would mean another container's network. */
  modeOf(name: string): Promise<string>;
  /** What the engine has. */
  list(): Promise<NetworkInspectInfo[]>;
  /** Made under our name, or removed. */
  learn(name: string, id: string | undefined): void;
  /** The engine does not take such names: from now on ordinary ones. */
  refused(): void;
}

export function createNetworkNames(
  connection: Pick<DockerConnection, 'call' | 'docker'>,
  hostResolves = () => resolvesWithoutLoopback(readResolvers()),
): NetworkNames {
  const ids = new Map<string, string>();
  let changes = 0;
  let refusedOnce = false;

  async function list(): Promise<NetworkInspectInfo[]> {
    const before = changes;
    const found = await connection.docker.listNetworks();
    // A list that was begun before one was made or removed says nothing of that one.
    if (changes === before) {
      ids.clear();
      for (const { Name, Id } of found) ids.set(ourName(Name), Id);
    }
    return found;
  }

  return {
    // Asked for each network that is made: a host's name servers change.
    toMake: (name) => (refusedOnce || !hostResolves() ? name : `${withoutResolver}${name}`),
    list,
    learn(name, id) {
      changes += 1;
      if (id === undefined) ids.delete(name);
      else ids.set(name, id);
    },
    refused() {
      refusedOnce = true;
    },
    async modeOf(name) {
      if (builtIn.has(name)) return name;
      if (!ids.has(name)) await connection.call('list networks', list);
      return ids.get(name) ?? name;
    },
  };
}

const builtIn: ReadonlySet<string> = new Set(['host', 'none', 'bridge', 'default']);

/** A network's name without what is for Docker alone. */
export function ourName(name: string): string {
  return name.startsWith(withoutResolver) ? name.slice(withoutResolver.length) : name;
}

/**
 * Whether containers can use the host's name servers themselves. Of those on the host's loopback, which only Docker's
 * resolver reaches for them, Docker leaves its containers none. The files are those that Docker itself goes by (moby's
 * resolvconf.Path).
 */
export function resolvesWithoutLoopback(files: { usual: string; systemd: string }): boolean {
  const usual = nameServers(files.usual);
  const counts = usual.length === 1 && usual[0] === '127.0.0.53' ? nameServers(files.systemd) : usual;
  // Our networks have no IPv6, and Docker leaves their containers no name servers that they could not reach.
  return counts.some((address) => isIPv4(address) && !/^127\.|^0\.0\.0\.0$/.test(address));
}

function nameServers(text: string): string[] {
  return text.split('\n').flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
}

/** Name servers that containers of this machine may be given. */
export function resolversOf(files = readResolvers()): string[] {
  return [...new Set([...nameServers(files.usual), ...nameServers(files.systemd)])];
}

/** This machine's. */
export function readResolvers(): { usual: string; systemd: string } {
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  };
  return { usual: read('/etc/resolv.conf'), systemd: read('/run/systemd/resolve/resolv.conf') };
}
