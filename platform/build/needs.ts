// What a builder is given: the engine, folders, limits, and how builds reach the world outside.
import type { Engine } from '../engine/engine.ts';
import type { Fetchers } from './collection.ts';
import type { DebNeeds } from './debs.ts';
import type { Language } from './first-party.ts';
import type { GoConfig } from './host-go.ts';
import type { NpmConfig } from './host-npm.ts';
import type { PipConfig } from './host-pip.ts';
import type { BuildNetwork } from './network.ts';

/** Beside memory and time. */
export interface BuildLimits {
  /** Cores; null: all. */
  cpus: number | null;
  /** Processes and threads. */
  processes: number;
  /** Bytes of its work folder, its cache included. */
  diskBytes: number;
  /** Bytes of a cache that is kept for the next build; one over it is thrown away. */
  cacheBytes: number;
  /** A build ends when less than this is free where its work folder is; 0: not looked at. */
  minFreeBytes: number;
  /** Bytes of output that are shown; the rest is left out, and the build goes on. */
  logBytes: number;
  /** How often the disk is looked at. */
  lookMs: number;
}

export const usualLimits: BuildLimits = {
  cpus: null,
  processes: 4096,
  diskBytes: 8192 * 1_048_576,
  cacheBytes: 4096 * 1_048_576,
  minFreeBytes: 0,
  logBytes: 10 * 1_048_576,
  lookMs: 2000,
};

export interface BuilderNeeds {
  engine: Engine;
  instance: string;
  /** Makes sure of a build image and names it; tells when it has to be made. */
  image: (language: Language, making?: { signal: AbortSignal; onMaking(): void }) => Promise<string>;
  /** Our own name of the stack, e.g. `debian-13`. */
  stackName: string;
  /** What third-party buildpacks see as STACK, e.g. `heroku-24`. */
  stackCompat: string;
  /** Of our own buildpacks. */
  buildpacksFolder: string;
  /** Where those from elsewhere are kept, and how they are fetched. */
  collectionFolder: string;
  /** That all of these may take. */
  collectionBytes?: number;
  fetchers: Fetchers;
  /** These two on one file system. */
  workFolder: string;
  cacheFolder: string;
  /** Bytes. */
  memory: number;
  timeoutMs: number;
  limits?: Partial<BuildLimits>;
  /** PEM bundle for everything that talks TLS in a build; null: the image's own. */
  caFile: string | null;
  /** How the host's npm reaches packages (see hostNpmConfig). */
  npmConfig?: NpmConfig;
  /** How the host's pip does (see hostPipConfig). */
  pipConfig?: PipConfig;
  /** How the host's Go reaches modules (see hostGoConfig). */
  goConfig?: GoConfig;
  /** Where builds are; the engine's default network without. */
  network?: BuildNetwork;
  /** How .deb files that an Aptfile names are fetched. */
  debs?: DebNeeds;
  /** How many containers may wait for the next build of the apps built last; 0, the default: none. */
  ready?: number;
  onProblem?(message: string): void;
}
