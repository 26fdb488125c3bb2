// Containers in our words. Every engine (Docker, the in-memory one of the tests) passes test/contract/engine.ts.
import type { Duplex, Readable } from 'node:stream';

/** What the engine says of itself. */
export interface EngineInfo {
  /** `20.10.24` */
  version: string;
  /** Where images live: `classic` (graph drivers) or `containerd` (the default from 29). */
  imageStore: 'classic' | 'containerd';
  cgroupVersion: 1 | 2;
  /** `amd64`, `arm64` */
  architecture: string;
  /** The engine's own data folder, as it names it. */
  rootFolder: string;
  cpus: number;
  /** Bytes. */
  memory: number;
}

export interface ImageInfo {
  /** `sha256:…` */
  id: string;
  tags: string[];
  digests: string[];
  labels: Record<string, string>;
  /** Bytes. */
  size: number;
  createdAt: string;
}

export interface BuildImageOptions {
  /** Tag of the result, e.g. `twelve/router:4f1c…`. */
  tag: string;
  /** Tar with a Dockerfile at its root. */
  context: Readable;
  buildArgs?: Record<string, string>;
  labels?: Record<string, string>;
  /** A line of the engine's output, without line end. */
  onLine?: (line: string) => void;
  signal?: AbortSignal;
}

export interface PullOptions {
  /** `host:port/name@sha256:…` */
  reference: string;
  auth?: { username: string; password: string };
  signal?: AbortSignal;
}

export interface Mount {
  source: string;
  target: string;
  readOnly?: boolean;
}

export interface ContainerSpec {
  name: string;
  image: string;
  labels: Record<string, string>;
  /** Replaces the image's command (and with `entrypoint` its entrypoint). */
  command?: string[];
  entrypoint?: string[];
  env: Record<string, string>;
  workingDir?: string;
  /** `20012:20012` */
  user?: string;
  /** Name of a network, `host`, `none`, or undefined for the engine's default bridge. */
  network?: string;
  mounts?: Mount[];
  /** Bytes; swap is set to the same, i.e. off. */
  memory?: number;
  /** Relative CPU weight; 1024 is the engine's normal. */
  cpuShares?: number;
  /** Hard CPU limit in cores. */
  cpus?: number;
  pids?: number;
  openFiles?: number;
  /** Where the whole machine is out of memory it is ended before what is not. */
  expendable?: boolean;
  /** Drop every capability and forbid new privileges (the default is true). `addCapabilities` gives single ones back. */
  restricted?: boolean;
  addCapabilities?: string[];
  readOnlyRoot?: boolean;
  /** tmpfs mounts: path → options, e.g. `{ '/tmp': 'size=64m' }`. */
  tmpfs?: Record<string, string>;
  /** An init as PID 1 (reaps, passes signals on). Default true. */
  init?: boolean;
  tty?: boolean;
  /** Open for `attach`, and at its end when that one goes; `kept`: open for the next. */
  stdin?: boolean | 'kept';
  /** `json-file` with rotation, or nothing kept at all. Default: json-file, 10 MB × 3. */
  log?: { maxSizeBytes: number; maxFiles: number } | 'none';
  restart?: 'no' | 'unless-stopped';
  /** Hosts-file entries `name:address`. */
  extraHosts?: string[];
  sysctls?: Record<string, string>;
}

export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'dead';

export const hasEnded = (state: ContainerState): boolean => state === 'exited' || state === 'dead';

/** A container as a list shows it (cheap). */
export interface ContainerSummary {
  id: string;
  name: string;
  labels: Record<string, string>;
  state: ContainerState;
  imageId: string;
  /** Address per network name. Empty when not running. */
  addresses: Record<string, string>;
  createdAt: string;
}

/** A container in full. */
export interface ContainerDetails extends ContainerSummary {
  startedAt: string | null;
  finishedAt: string | null;
  /** Null while it has not ended. */
  exitCode: number | null;
  /** The kernel killed it, or a child of it, for memory. */
  oomKilled: boolean;
  /** The engine's own words when it could not start. */
  error: string | null;
  /** PID of its first process on the engine's host; null when not running. */
  pid: number | null;
  /** The json-file log, as the engine names it; null with another driver. */
  logPath: string | null;
}

export interface EngineEvent {
  type: 'container';
  action: 'create' | 'start' | 'die' | 'oom' | 'destroy';
  id: string;
  labels: Record<string, string>;
  /** For `die`. */
  exitCode: number | null;
  /** Microseconds since the epoch. */
  time: number;
}

export type EngineNews = EngineEvent | { type: 'interrupted' | 'reconnected' };

export interface Attachment {
  /** With a terminal: raw bytes both ways. Without: writes go to stdin, reads are stdout. */
  stream: Duplex;
  /** Without a terminal: stderr apart; undefined with one. */
  stderr?: Readable;
}

/** A program of a caller's inside a container that runs a program of its own. */
export interface EnterOrder {
  command: string[];
  /** `20012:20012` */
  user: string;
  tty: boolean;
  /** On top of the container's own environment. */
  env?: Record<string, string>;
}

export interface Entered extends Attachment {
  resize(size: { columns: number; rows: number }): Promise<void>;
  /** To it and to what it has started. */
  signal(name: string): Promise<void>;
  /** Its exit status, 137 when the container ended first. */
  exit: Promise<number>;
}

export interface ContainerStats {
  /** Bytes in use without page cache that can be dropped. */
  memory: number;
  memoryLimit: number;
  /** Time of processors used since it was started. */
  cpuSeconds: number;
  pids: number;
}

export interface NetworkInfo {
  id: string;
  name: string;
  labels: Record<string, string>;
  /** `10.213.0.0/25`, every IPv4 subnet of it. */
  subnets: string[];
  /** The network interface on the engine's host that its packets come from; null when there is none. */
  bridge: string | null;
}

/**
 * Every method throws PlatformError: `engine_unavailable` when nothing answers, `not_found` where the thing named is
 * gone, `conflict` for a name or subnet in use, otherwise `engine_failed` with the engine's own sentence.
 * All take part in cancellation through `signal` where they can wait long.
 */
export interface Engine {
  info(): Promise<EngineInfo>;

  /** Null when there is no such image. */
  image(reference: string): Promise<ImageInfo | null>;
  /** Images carrying all these labels. */
  images(labels: Record<string, string>): Promise<ImageInfo[]>;
  buildImage(options: BuildImageOptions): Promise<ImageInfo>;
  /** A root file system tar becomes an image. */
  importImage(tag: string, tar: Readable): Promise<ImageInfo>;
  /** `docker save`: a tar in the engine's form (OCI layout or the older one). */
  saveImage(reference: string): Promise<Readable>;
  pullImage(options: PullOptions): Promise<ImageInfo>;
  tagImage(reference: string, tag: string): Promise<void>;
  /** Nothing happens when it is gone; `conflict` when a container still uses it. */
  removeImage(reference: string): Promise<void>;

  /** Makes the network; returns it when one of that name, subnet and labels exists. `conflict` when the subnet overlaps another. */
  createNetwork(network: {
    name: string;
    subnet: string;
    labels: Record<string, string>;
    /** Its containers cannot reach each other. */
    apart?: boolean;
    /** What its interface on the host is called, in at most 15 characters; otherwise the engine names it. */
    bridge?: string;
  }): Promise<NetworkInfo>;
  networks(): Promise<NetworkInfo[]>;
  removeNetwork(name: string): Promise<void>;

  /** Creates without starting. `conflict` when the name is taken; `not_found` when the image is gone. */
  create(spec: ContainerSpec): Promise<string>;
  /** Starting a running container does nothing. */
  start(id: string): Promise<void>;
  /**
   * SIGTERM to every process in it, then after the grace SIGKILL; resolves when it has ended.
   * Nothing happens when it has ended or is gone.
   * @returns how it ended: of its own within the grace, or killed
   */
  stop(id: string, options: { graceSeconds: number }): Promise<'ended' | 'killed'>;
  /** A signal to every process in it (`SIGKILL` ends the container); where it has a restart policy to its first alone, and if that ends it, for good. */
  kill(id: string, signal: string): Promise<void>;
  /** Ends and removes; nothing happens when it is gone. */
  remove(id: string): Promise<void>;
  inspect(id: string): Promise<ContainerDetails>;
  /** All containers, ended ones too, that carry all these labels. */
  list(labels: Record<string, string>): Promise<ContainerSummary[]>;
  /**
   * Ends what lives on of containers with these labels that, as the engine says, do not run: one that was killed forgets
   * what it was starting. At the start of the server, before anything else; `events` does it after a gap.
   */
  endLost(labels: Record<string, string>): Promise<void>;
  /** Exit status once it has ended (128+n for a signal). */
  wait(id: string, options?: { signal?: AbortSignal }): Promise<number>;
  /** Attach before `start`, so that no byte is missed. */
  attach(id: string, options: { stdin: boolean; tty: boolean }): Promise<Attachment>;
  resize(id: string, size: { columns: number; rows: number }): Promise<void>;
  /** Runs a program in a running container: its output and status. Output is cut at 1 MB. */
  exec(
    id: string,
    command: string[],
    options?: { user?: string; signal?: AbortSignal },
  ): Promise<{ exitCode: number; output: string }>;
  /** Runs a program in a running container in a caller's hands; it ends with the container at the latest. */
  enter(id: string, order: EnterOrder): Promise<Entered>;
  /** Programs in it that another client entered, which is gone, get SIGHUP. */
  hangUp(id: string): Promise<void>;
  /** As of now. `conflict` when it does not run. */
  stats(id: string): Promise<ContainerStats>;
  /** The last lines a container printed, as the engine has them (for failure messages). */
  lastLines(id: string, count: number): Promise<string[]>;

  /**
   * Container events of objects carrying all these labels. Ends only by `signal`; reconnects by itself, and yields
   * `{ type: 'interrupted' }` at a break and `{ type: 'reconnected' }` after it, upon which the caller lists anew. What the
   * engine lost has ended by then.
   */
  events(labels: Record<string, string>, signal: AbortSignal): AsyncIterable<EngineNews>;
  close(): void;
}

/** What an engine does with containers, for implementations that are made of parts. */
export type ContainerPart = Pick<
  Engine,
  | 'create'
  | 'start'
  | 'stop'
  | 'kill'
  | 'remove'
  | 'inspect'
  | 'list'
  | 'endLost'
  | 'wait'
  | 'attach'
  | 'resize'
  | 'exec'
  | 'enter'
  | 'hangUp'
  | 'stats'
  | 'lastLines'
>;
