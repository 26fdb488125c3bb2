// Our ContainerSpec → the engine's create request. Pure.
import type { ContainerCreateOptions, HostConfig } from 'dockerode';
import type { ContainerSpec } from './engine.ts';

/** The kernel counts it as half of the machine's memory on top of what a program has. Of two such the larger still goes first. */
const expendableScore = 500;
const defaultLog = { maxSizeBytes: 10_000_000, maxFiles: 3 };

/** @param networkMode how the engine calls the spec's network */
export function createRequest(spec: ContainerSpec, networkMode = spec.network): ContainerCreateOptions {
  const init = spec.init !== false;
  return {
    name: spec.name,
    Image: spec.image,
    Labels: spec.labels,
    // The init is told to pass signals to its child's whole group, for the times when we cannot reach every process ourselves.
    Env: environment(init ? { ...spec.env, TINI_KILL_PROCESS_GROUP: '1' } : spec.env),
    Tty: spec.tty === true,
    OpenStdin: spec.stdin === true || spec.stdin === 'kept',
    StdinOnce: spec.stdin === true,
    ...(spec.command ? { Cmd: spec.command } : {}),
    ...(spec.entrypoint ? { Entrypoint: spec.entrypoint } : {}),
    ...(spec.workingDir ? { WorkingDir: spec.workingDir } : {}),
    ...(spec.user ? { User: spec.user } : {}),
    HostConfig: {
      Init: init,
      ...(networkMode ? { NetworkMode: networkMode } : {}),
      RestartPolicy: { Name: spec.restart ?? 'no' },
      LogConfig: logConfig(spec.log ?? defaultLog),
      ...limits(spec),
      ...privileges(spec),
      ...fileSystem(spec),
      ...(spec.extraHosts ? { ExtraHosts: spec.extraHosts } : {}),
      ...(spec.sysctls ? { Sysctls: spec.sysctls } : {}),
    },
  };
}

function environment(variables: Readonly<Record<string, string>>): string[] {
  return Object.entries(variables).map(([name, value]) => `${name}=${value}`);
}

function limits(spec: ContainerSpec): HostConfig {
  return {
    ...(spec.memory ? { Memory: spec.memory, MemorySwap: spec.memory } : {}),
    ...(spec.cpuShares ? { CpuShares: spec.cpuShares } : {}),
    ...(spec.cpus ? { NanoCpus: Math.round(spec.cpus * 1e9) } : {}),
    ...(spec.pids ? { PidsLimit: spec.pids } : {}),
    ...(spec.expendable ? { OomScoreAdj: expendableScore } : {}),
    Ulimits: [
      // An engine is mostly started without a limit on these: a crash would write all of its memory to the machine's disk.
      ulimit('core', 0),
      // `nproc` is not among them: the kernel counts by user, and every container of ours has the same one.
      ...(spec.openFiles ? [ulimit('nofile', spec.openFiles)] : []),
    ],
  };
}

const ulimit = (name: string, value: number) => ({ Name: name, Soft: value, Hard: value });

function privileges(spec: ContainerSpec): HostConfig {
  return {
    ...(spec.restricted === false ? {} : { CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges:true'] }),
    ...(spec.addCapabilities ? { CapAdd: spec.addCapabilities } : {}),
  };
}

function fileSystem(spec: ContainerSpec): HostConfig {
  return {
    ReadonlyRootfs: spec.readOnlyRoot === true,
    ...(spec.tmpfs ? { Tmpfs: spec.tmpfs } : {}),
    // As mounts, not binds: a source that does not exist is then an error and no new empty folder.
    Mounts: (spec.mounts ?? []).map((mount) => ({
      Type: 'bind' as const,
      Source: mount.source,
      Target: mount.target,
      ReadOnly: mount.readOnly === true,
    })),
  };
}

/**
 * What is not said here the engine takes from its own defaults (`log-opts` in daemon.json): in `non-blocking` mode it drops
 * lines under load and tells nobody. Rotated files stay uncompressed: they are read by us while it writes the next one.
 */
function logConfig(log: NonNullable<ContainerSpec['log']>): NonNullable<HostConfig['LogConfig']> {
  if (log === 'none') return { Type: 'none', Config: {} };
  return {
    Type: 'json-file',
    Config: {
      'max-size': String(log.maxSizeBytes),
      'max-file': String(log.maxFiles),
      compress: 'false',
      mode: 'blocking',
    },
  };
}
