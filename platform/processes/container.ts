// A process as a container: its environment, limits and labels. Pure.
import type { ConfigVars } from '../domain/config-vars.ts';
import type { Size } from '../domain/formation.ts';
import { appUid, type ContainerKind, webPort } from '../domain/process.ts';
import type { ContainerSpec } from '../engine/engine.ts';
import { label, ownLabels, ownName } from '../engine/labels.ts';

export interface ProcessFacts {
  instance: string;
  kind: ContainerKind;
  appId: string;
  appName: string;
  /** UUID of this process. */
  id: string;
  type: string;
  /** `web.1` */
  name: string;
  command: string;
  size: Size;
  version: number;
  releaseId: string;
  commit: string | null;
  /** Id of the release's image in the engine. */
  image: string;
  network: string;
  config: ConfigVars;
  attempt: number;
  restarts?: number;
}

/** Program in the stack image that loads .profile.d and runs the command (buildpack reference, section 12). */
export const bootProgram = '/usr/local/lib/twelve/boot';

export function processSpec(facts: ProcessFacts): ContainerSpec {
  return {
    name: ownName(facts.instance, facts.appName, facts.name, facts.id.slice(0, 8)),
    image: facts.image,
    labels: {
      ...ownLabels(facts.instance, facts.kind),
      [label.app]: facts.appId,
      [label.appName]: facts.appName,
      [label.id]: facts.id,
      [label.type]: facts.type,
      [label.process]: facts.name,
      [label.release]: String(facts.version),
      [label.releaseId]: facts.releaseId,
      [label.size]: facts.size.name,
      [label.command]: facts.command,
      [label.attempt]: String(facts.attempt),
      [label.restarts]: String(facts.restarts ?? 0),
    },
    command: [bootProgram, facts.command],
    env: processEnvironment(facts),
    workingDir: '/app',
    user: `${appUid}:${appUid}`,
    network: facts.network,
    memory: facts.size.memoryMb * 1_048_576,
    cpuShares: Math.max(2, Math.round(facts.size.cpuShare * 1024)),
    pids: facts.size.pids,
    openFiles: facts.size.openFiles,
    expendable: true,
  };
}

/** Config vars first, then what the platform sets for every process. */
export function processEnvironment(
  facts: Pick<ProcessFacts, 'config' | 'type' | 'name' | 'size' | 'appName' | 'appId' | 'version' | 'commit'>,
): Record<string, string> {
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'C.UTF-8',
    ...facts.config,
    HOME: '/app',
    DYNO: facts.name,
    ...(facts.type === 'web' ? { PORT: String(webPort) } : {}),
    MEMORY_AVAILABLE: String(facts.size.memoryMb),
    TWELVE_APP_NAME: facts.appName,
    TWELVE_APP_ID: facts.appId,
    TWELVE_RELEASE_VERSION: `v${facts.version}`,
    TWELVE_SLUG_COMMIT: facts.commit ?? '',
  };
}
