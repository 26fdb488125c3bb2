// The engine's answers → our words. Pure.
import type { ContainerInfo, ContainerInspectInfo, ImageInspectInfo, NetworkInspectInfo } from 'dockerode';
import { ourName } from './docker-network-names.ts';
import {
  type ContainerDetails,
  type ContainerState,
  type ContainerSummary,
  hasEnded,
  type ImageInfo,
  type NetworkInfo,
} from './engine.ts';

const states: ReadonlySet<string> = new Set<ContainerState>([
  'created',
  'running',
  'paused',
  'restarting',
  'exited',
  'dead',
]);

export function decodeSummary(answer: ContainerInfo): ContainerSummary {
  // A container that others link to carries their names for it too, which have a second slash.
  const names = (answer.Names ?? []).map((name) => name.replace(/^\//, ''));
  return {
    id: answer.Id,
    name: names.find((name) => !name.includes('/')) ?? names[0] ?? '',
    labels: { ...answer.Labels },
    state: decodeState(answer.State),
    imageId: answer.ImageID,
    addresses: decodeAddresses(answer.NetworkSettings?.Networks),
    createdAt: new Date(answer.Created * 1000).toISOString(),
  };
}

export function decodeDetails(answer: ContainerInspectInfo): ContainerDetails {
  const state = decodeState(answer.State.Status);
  const ended = hasEnded(state);
  return {
    id: answer.Id,
    name: answer.Name.replace(/^\//, ''),
    labels: { ...answer.Config.Labels },
    state,
    imageId: answer.Image,
    addresses: decodeAddresses(answer.NetworkSettings?.Networks),
    createdAt: new Date(answer.Created).toISOString(),
    startedAt: decodeTime(answer.State.StartedAt),
    finishedAt: ended ? decodeTime(answer.State.FinishedAt) : null,
    exitCode: ended ? answer.State.ExitCode : null,
    oomKilled: answer.State.OOMKilled === true,
    error: answer.State.Error || null,
    pid: answer.State.Pid || null,
    logPath: answer.LogPath || null,
  };
}

/** `removing` is a container on its way out, which nobody can use any more. */
function decodeState(state: string): ContainerState {
  return states.has(state) ? (state as ContainerState) : 'dead';
}

/** Only per network: the address at the top of the older answers is gone from the newer ones. */
function decodeAddresses(
  networks: Record<string, { IPAddress?: string }> | undefined,
): Record<string, string> {
  const addresses: Record<string, string> = {};
  for (const [name, network] of Object.entries(networks ?? {})) {
    if (network.IPAddress) addresses[ourName(name)] = network.IPAddress;
  }
  return addresses;
}

/** The engine writes year 1 for "never". */
function decodeTime(time: string | undefined): string | null {
  if (!time || time.startsWith('0001-')) return null;
  return new Date(time).toISOString();
}

export function decodeImage(answer: ImageInspectInfo): ImageInfo {
  return {
    id: answer.Id,
    tags: withoutNone(answer.RepoTags),
    digests: withoutNone(answer.RepoDigests),
    labels: { ...answer.Config?.Labels },
    size: answer.Size,
    createdAt: decodeTime(answer.Created) ?? new Date(0).toISOString(),
  };
}

/** Untagged images are listed as `<none>:<none>`. */
export function withoutNone(names: readonly string[] | null | undefined): string[] {
  return (names ?? []).filter((name) => !name.startsWith('<none>'));
}

export function decodeNetwork(answer: NetworkInspectInfo): NetworkInfo {
  const subnets = (answer.IPAM?.Config ?? []).map((config) => config['Subnet'] ?? '');
  return {
    id: answer.Id,
    name: ourName(answer.Name),
    labels: { ...answer.Labels },
    subnets: subnets.filter((subnet) => /^\d+\.\d+\.\d+\.\d+\/\d+$/.test(subnet)),
    bridge: answer.Driver === 'bridge' ? bridgeOf(answer.Id, answer.Options ?? {}) : null,
  };
}

/** Of the engine's bridge driver. */
export const bridgeOption = 'com.docker.network.bridge.name';

/** As the engine's bridge driver names it. */
export function bridgeOf(networkId: string, options: Readonly<Record<string, string>> = {}): string {
  return options[bridgeOption] ?? `br-${networkId.slice(0, 12)}`;
}
