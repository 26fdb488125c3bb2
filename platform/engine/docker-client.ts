// The engine's API as far as we use it, in the engine's own words.
import type { Readable } from 'node:stream';
import type {
  ContainerCreateOptions,
  ContainerInfo,
  ContainerInspectInfo,
  ImageInfo,
  ImageInspectInfo,
  NetworkInspectInfo,
} from 'dockerode';
import { type Ask, type EngineSocket, fetchJson, send } from './docker-http.ts';

/** Its types are dockerode's; the library itself takes 20 MB and 150 ms to load, most of it for what we do not use. */
export type DockerClient = ReturnType<typeof createDockerClient>;

interface Abort {
  abortSignal?: AbortSignal | undefined;
}

interface BuildOptions extends Abort {
  t: string;
  buildargs?: Readonly<Record<string, string>>;
  labels?: Readonly<Record<string, string>>;
  rm: boolean;
  forcerm: boolean;
  version: string;
}

export interface ExecState {
  Running: boolean;
  ExitCode: number | null;
  ProcessConfig?: { user?: string };
}

export function createDockerClient(to: EngineSocket) {
  const ask = async <T>(method: Ask['method'], path: string, more: Omit<Ask, 'method' | 'path'> = {}) =>
    (await fetchJson(to, { method, path, ...more })) as T;
  const act = async (method: Ask['method'], path: string, query: Ask['query'] = {}): Promise<void> => {
    await fetchJson(to, { method, path, query });
  };

  const getExec = (id: string) => ({
    id,
    resize: (query: { w: number; h: number }) => act('POST', `/exec/${id}/resize`, query),
    /** What it prints, multiplexed. */
    start: ({ abortSignal: signal, ...body }: Abort & { Detach: boolean; Tty: boolean }): Promise<Readable> =>
      send(to, { method: 'POST', path: `/exec/${id}/start`, body, signal }),
    inspect: ({ abortSignal: signal }: Abort = {}) => ask<ExecState>('GET', `/exec/${id}/json`, { signal }),
  });

  const getContainer = (id: string) => {
    const path = `/containers/${encodeURIComponent(id)}`;
    return {
      inspect: () => ask<ContainerInspectInfo>('GET', `${path}/json`),
      start: () => act('POST', `${path}/start`),
      stop: (query: { t: number }) => act('POST', `${path}/stop`, query),
      kill: (query: { signal: string }) => act('POST', `${path}/kill`, query),
      remove: (query: { force: boolean; v: boolean }) => act('DELETE', path, query),
      resize: (query: { w: number; h: number }) => act('POST', `${path}/resize`, query),
      stats: (query: { stream: boolean; 'one-shot': boolean }) =>
        ask<unknown>('GET', `${path}/stats`, { query }),
      async exec({ abortSignal: signal, ...body }: Abort & Record<string, unknown>) {
        return getExec((await ask<{ Id: string }>('POST', `${path}/exec`, { body, signal })).Id);
      },
    };
  };

  // Names of images have slashes, which are part of the path.
  const getImage = (reference: string) => ({
    inspect: () => ask<ImageInspectInfo>('GET', `/images/${reference}/json`),
    tag: (query: { repo: string; tag: string }) => act('POST', `/images/${reference}/tag`, query),
    remove: () => act('DELETE', `/images/${reference}`),
  });

  return {
    info: () => ask<unknown>('GET', '/info'),
    version: () => ask<{ Version: string; Arch: string }>('GET', '/version'),
    getContainer,
    getExec,
    async createContainer({ name, ...body }: ContainerCreateOptions) {
      const made = await ask<{ Id: string }>('POST', '/containers/create', { query: { name }, body });
      return { id: made.Id };
    },
    listContainers: (query: { all: boolean; filters: object }) =>
      ask<ContainerInfo[]>('GET', '/containers/json', { query }),
    getImage,
    listImages: (query: { filters: object }) => ask<ImageInfo[]>('GET', '/images/json', { query }),
    buildImage: (context: Readable, { abortSignal: signal, ...query }: BuildOptions): Promise<Readable> =>
      send(to, { method: 'POST', path: '/build', query: { ...query }, body: context, signal }),
    importImage: (tar: Readable, query: { repo: string; tag: string }): Promise<Readable> =>
      send(to, { method: 'POST', path: '/images/create', query: { ...query, fromSrc: '-' }, body: tar }),
    /** Pulls. @param login for the registry; empty when it asks for none */
    createImage: (
      login: object,
      { abortSignal: signal, fromImage }: Abort & { fromImage: string },
    ): Promise<Readable> =>
      send(to, {
        ...{ method: 'POST', path: '/images/create', query: { fromImage }, signal },
        headers: Object.keys(login).length > 0 ? { 'X-Registry-Auth': registryAuth(login) } : {},
      }),
    listNetworks: () => ask<NetworkInspectInfo[]>('GET', '/networks'),
    async createNetwork(body: object) {
      const made = await ask<{ Id: string }>('POST', '/networks/create', { body });
      return { id: made.Id };
    },
    getNetwork: (id: string) => ({ remove: () => act('DELETE', `/networks/${encodeURIComponent(id)}`) }),
  };
}

/** The engine wants it in the alphabet of URLs, and padded. */
function registryAuth(login: object): string {
  const text = Buffer.from(JSON.stringify(login)).toString('base64');
  return text.replaceAll('+', '-').replaceAll('/', '_');
}
