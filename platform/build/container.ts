// The throw-away container that one build runs in: made, watched, gone.
import { once } from 'node:events';
import { appUid } from '../domain/process.ts';
import type { ContainerSpec, Engine } from '../engine/engine.ts';
import { label, ownLabels, ownName } from '../engine/labels.ts';
import { inside, type Workspace } from './workspace.ts';

const caInside = '/etc/twelve-ca.pem';

export interface BuildContainer {
  instance: string;
  image: string;
  build: { id: string; appId: string; appName: string; commit: string | null };
  workspace: Workspace;
  stackCompat: string;
  memory: number;
  caFile: string | null;
  npmrc: boolean;
}

export function buildContainerSpec(needs: BuildContainer): ContainerSpec {
  const { build, workspace } = needs;
  return {
    name: ownName(needs.instance, 'build', build.id),
    image: needs.image,
    labels: {
      ...ownLabels(needs.instance, 'build'),
      [label.build]: build.id,
      [label.app]: build.appId,
      [label.appName]: build.appName,
    },
    entrypoint: ['/bin/bash'],
    command: [inside.driver, workspace.sourceInside],
    env: buildEnvironment(needs),
    workingDir: '/',
    user: `${appUid}:${appUid}`,
    mounts: [
      { source: workspace.temporary, target: inside.temporary },
      { source: workspace.home, target: inside.home },
      ...(needs.caFile ? [{ source: needs.caFile, target: caInside, readOnly: true }] : []),
    ],
    memory: needs.memory,
    // Apps that serve visitors come first when the cores are busy.
    cpuShares: 512,
    pids: 4096,
    restricted: true,
    log: 'none',
  };
}

/** Exactly what the contract lists (buildpack reference, section 3), and where the host's npm settings are. */
function buildEnvironment({ build, stackCompat, caFile, npmrc }: BuildContainer): Record<string, string> {
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: inside.home,
    STACK: stackCompat,
    SOURCE_VERSION: build.commit ?? '',
    REQUEST_ID: build.id,
    APP_DIR: inside.home,
    CURL_CONNECT_TIMEOUT: '90',
    CURL_TIMEOUT: '600',
    ...(caFile ? certificateVariables() : {}),
    // npm's weakest source of settings: an app's own .npmrc wins.
    ...(npmrc ? { npm_config_globalconfig: inside.npmrc } : {}),
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

/**
 * Runs the container to its end; its output goes to `onOutput` at once. Whatever happens, no container is left.
 * @returns whether the kernel killed something in it for memory; and its removal, which nobody has to wait for who only
 *   reads what an ended container left
 * @throws the signal's reason when it is aborted
 */
export async function runBuildContainer(
  engine: Engine,
  spec: ContainerSpec,
  onOutput: (chunk: Uint8Array) => void,
  signal: AbortSignal,
): Promise<{ oomKilled: boolean; removed: Promise<void> }> {
  signal.throwIfAborted();
  const id = await engine.create(spec);
  const stop = (): void => void engine.remove(id).catch(() => {});
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    const { stream, stderr } = await engine.attach(id, { stdin: false, tty: false });
    stderr?.on('data', onOutput);
    stream.on('data', onOutput);
    const printed = once(stream, 'end');
    const ended = engine.wait(id, { signal });
    // A failure of one is reported by the other's await; neither may go unhandled.
    ended.catch(() => {});
    printed.catch(() => {});
    await engine.start(id);
    await ended;
    await printed;
    const { oomKilled } = await engine.inspect(id);
    signal.throwIfAborted();
    const removed = engine.remove(id);
    removed.catch(() => {});
    return { oomKilled, removed };
  } catch (error) {
    await engine.remove(id).catch(() => {});
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
