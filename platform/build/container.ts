// The throw-away container that one build runs in: started, followed to its end, gone.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { appUid } from '../domain/process.ts';
import type { ContainerSpec, Engine } from '../engine/engine.ts';
import { label, ownLabels, ownName } from '../engine/labels.ts';
import type { Keeper } from './keeper.ts';
import type { BuildLimits } from './needs.ts';
import { inside, type Workspace } from './workspace.ts';

const caInside = '/etc/twelve-ca.pem';

export interface ContainerFacts {
  instance: string;
  image: string;
  /** Of the folder that it was started for; a build that finds it ready has an id of its own. */
  id: string;
  app: { id: string; name: string };
  workspace: Workspace;
  stackCompat: string;
  memory: number;
  limits: Pick<BuildLimits, 'cpus' | 'processes'>;
  /** The engine's default one without. */
  network?: string;
  caFile: string | null;
  npmrc: boolean;
  pipConf: boolean;
  goenv: boolean;
}

export function buildContainerSpec(needs: ContainerFacts): ContainerSpec {
  const { id, app, workspace } = needs;
  return {
    name: ownName(needs.instance, 'build', id),
    image: needs.image,
    labels: {
      ...ownLabels(needs.instance, 'build'),
      [label.build]: id,
      [label.app]: app.id,
      [label.appName]: app.name,
    },
    entrypoint: ['/bin/bash'],
    command: [inside.driver],
    env: buildEnvironment(needs),
    workingDir: '/',
    user: `${appUid}:${appUid}`,
    mounts: [
      { source: workspace.temporary, target: inside.temporary },
      { source: workspace.varTemporary, target: inside.varTemporary },
      { source: workspace.home, target: inside.home },
      ...(needs.caFile ? [{ source: needs.caFile, target: caInside, readOnly: true }] : []),
    ],
    ...(needs.network === undefined ? {} : { network: needs.network }),
    memory: needs.memory,
    // Apps that serve visitors come first when the cores are busy.
    cpuShares: 512,
    ...(needs.limits.cpus === null ? {} : { cpus: needs.limits.cpus }),
    pids: needs.limits.processes,
    expendable: true,
    restricted: true,
    // Whatever else in the image anybody may write to would be on the engine's disk, where nobody looks.
    readOnlyRoot: true,
    log: 'none',
  };
}

/**
 * What the contract lists (buildpack reference, section 3), and where the settings of the host's package managers are. Commit
 * and build id come with the source: the driver sets them.
 */
function buildEnvironment(facts: ContainerFacts): Record<string, string> {
  const { stackCompat, caFile, npmrc, pipConf, goenv } = facts;
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: inside.home,
    STACK: stackCompat,
    APP_DIR: inside.home,
    CURL_CONNECT_TIMEOUT: '90',
    CURL_TIMEOUT: '600',
    ...(caFile ? certificateVariables() : {}),
    // npm's weakest source of settings: an app's own .npmrc wins.
    ...(npmrc ? { npm_config_globalconfig: inside.npmrc } : {}),
    // Weaker than variables and than what a requirements.txt says.
    ...(pipConf ? { PIP_CONFIG_FILE: inside.pipConf } : {}),
    // Go's weakest one: its environment variables win.
    ...(goenv ? { GOENV: inside.goenv } : {}),
  };
}

function certificateVariables(): Record<string, string> {
  const names = [
    'NODE_EXTRA_CA_CERTS',
    'SSL_CERT_FILE',
    'CURL_CA_BUNDLE',
    'REQUESTS_CA_BUNDLE',
    'PIP_CERT',
    'GIT_SSL_CAINFO',
  ];
  return Object.fromEntries(names.map((name) => [name, caInside]));
}

/** Started; its driver waits at the gate until source, cache and config are in place. */
export interface BuildContainer {
  isRunning(): Promise<boolean>;
  /**
   * Follows it until nothing runs in it any more, though it may still be taken down. Its output goes to `onOutput` at once.
   * @throws the signal's reason when it is aborted; then no container is left that the engine could be asked to remove
   */
  follow(onOutput: (chunk: Uint8Array) => void, signal: AbortSignal): Promise<void>;
  /** Whether the kernel killed something in it for memory. For a container that was followed to its end. */
  oomKilled(): Promise<boolean>;
  /** Never throws; where the engine does not answer it goes later. */
  remove(): Promise<void>;
}

/**
 * @param keeper removes it, whatever happens before it is returned, and afterwards at its end
 * @throws the signal's reason when it is aborted
 */
export async function startBuildContainer(
  engine: Engine,
  keeper: Keeper,
  spec: ContainerSpec,
  signal: AbortSignal,
): Promise<BuildContainer> {
  signal.throwIfAborted();
  const buildId = spec.labels[label.build] ?? '';
  let id: string | undefined;
  const remove = (): Promise<void> => keeper.release(buildId, id);
  const stop = (): void => void remove();
  keeper.owns(buildId);
  try {
    id = await engine.create(spec);
    signal.addEventListener('abort', stop, { once: true });
    signal.throwIfAborted();
    const { stream, stderr } = await engine.attach(id, { stdin: false, tty: false });
    await engine.start(id);
    signal.throwIfAborted();
    return control(engine, id, remove, [stream, ...(stderr ? [stderr] : [])]);
  } catch (error) {
    await remove();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function control(
  engine: Engine,
  id: string,
  remove: () => Promise<void>,
  streams: readonly Readable[],
): BuildContainer {
  const printed = once(streams[0]!, 'end');
  const gone = watchInit(engine, id);
  let ended: Promise<unknown> = Promise.resolve();
  // A failure of one is reported by the other's await; neither may go unhandled.
  printed.catch(() => {});
  gone.catch(() => {});
  return {
    isRunning: async () => (await engine.inspect(id).catch(() => null))?.state === 'running',
    async follow(onOutput, signal) {
      const stop = (): void => void remove();
      signal.addEventListener('abort', stop, { once: true });
      try {
        signal.throwIfAborted();
        for (const stream of streams) stream.on('data', onOutput);
        ended = engine.wait(id, { signal });
        ended.catch(() => {});
        await Promise.race([ended, printed.then(() => gone).then((untilGone) => untilGone())]);
        await printed;
        signal.throwIfAborted();
      } catch (error) {
        await remove();
        signal.throwIfAborted();
        throw error;
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
    async oomKilled() {
      await ended;
      return (await engine.inspect(id)).oomKilled;
    },
    remove,
  };
}

/**
 * The engine tells of an end only when it has taken the container's network down too, a tenth of a second later. When the
 * container's first process is gone nothing runs in it any more: the kernel ends a PID namespace with its init. Only where
 * we see the engine's processes; elsewhere what is returned never resolves, and the engine's word is waited for.
 */
async function watchInit(engine: Engine, id: string): Promise<() => Promise<void>> {
  const { pid } = await engine.inspect(id);
  // A number may be somebody else's later; its control group says whose it is.
  const runs = async (): Promise<boolean> =>
    (await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')).includes(id);
  if (pid === null || !(await runs())) return () => new Promise(() => {});
  return async () => {
    while (await runs()) await sleep(4);
  };
}
