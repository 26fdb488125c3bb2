// What builds stand on, made of the server's settings: their folders, how they reach the world outside, what they may use,
// their network.
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { BudgetKind } from '../domain/budgets.ts';
import type { Engine } from '../engine/engine.ts';
import { createGuard } from './guard.ts';
import { hostGoConfig } from './host-go.ts';
import { hostNpmConfig } from './host-npm.ts';
import { hostPipConfig } from './host-pip.ts';
import { hostServices } from './host-services.ts';
import type { BuilderNeeds } from './needs.ts';
import { createBuildNetwork } from './network.ts';

type Ground = Pick<
  BuilderNeeds,
  | ('collectionFolder' | 'collectionBytes' | 'workFolder' | 'cacheFolder' | 'debs')
  | ('memory' | 'timeoutMs' | 'limits' | 'ready')
  | ('caFile' | 'npmConfig' | 'pipConfig' | 'goConfig' | 'network')
>;

interface Needs {
  config: Config;
  engine: Engine;
  instance: string;
  download: NonNullable<BuilderNeeds['debs']>['download'];
  /** Subnets of the apps. */
  taken(): string[];
  onProblem(message: string): void;
}

export async function buildGround(needs: Needs): Promise<Ground> {
  const { config, engine, instance, taken, onProblem } = needs;
  const data = (name: string): string => join(config.dataFolder, name);
  const budget = (kind: BudgetKind): number => config.budgets[kind] ?? Number.POSITIVE_INFINITY;
  const [npmConfig, pipConfig, goConfig] = await Promise.all([
    hostNpmConfig(config.npm),
    hostPipConfig(config.pip),
    hostGoConfig(config.go),
  ]);
  const settings = [npmConfig, pipConfig, goConfig].flatMap((one) => Object.values(one));
  const range = config.networks;
  const guard = createGuard({ instance, range, services: () => hostServices(settings) });
  const network = createBuildNetwork({ engine, instance, range, taken, guard, onProblem });
  return {
    collectionFolder: data('buildpacks'),
    collectionBytes: budget('buildpacks'),
    workFolder: data('work'),
    cacheFolder: data('cache'),
    debs: {
      folder: data('debs'),
      download: needs.download,
      limits: { keptBytes: budget('Debian packages') },
    },
    memory: config.buildMemory,
    timeoutMs: config.buildTimeoutMs,
    limits: {
      cpus: config.buildCpus,
      processes: config.buildProcesses,
      diskBytes: config.buildDiskBytes,
      cacheBytes: config.buildCacheBytes,
      // A build that began with just enough free space may use half of it.
      minFreeBytes: config.minFreeBytes / 2,
      logBytes: config.buildLogBytes,
    },
    caFile: config.caFile,
    npmConfig,
    pipConfig,
    goConfig,
    network,
    ready: config.buildsReady,
  };
}
