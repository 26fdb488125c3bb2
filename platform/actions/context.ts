// What the verbs of the product work with; main.ts makes one and hands it to every action.
import type { Builder } from '../build/build.ts';
import type { Config } from '../config.ts';
import type { ResolveSafely } from '../domain/address.ts';
import type { RefusingKind } from '../domain/budgets.ts';
import type { Step } from '../domain/steps.ts';
import type { Engine } from '../engine/engine.ts';
import type { Git } from '../git/git.ts';
import type { Log } from '../log.ts';
import type { Logs } from '../logs/logs.ts';
import type { Cron } from '../processes/cron.ts';
import type { Figures } from '../processes/figures.ts';
import type { Inside } from '../processes/inside.ts';
import type { Processes } from '../processes/manager.ts';
import type { OneOffs } from '../processes/one-off.ts';
import type { Router } from '../router/router.ts';
import type { Slugs } from '../slugs/slugs.ts';
import type { Store } from '../store/store.ts';
import type { Token } from '../store/tokens.ts';
import type { User } from '../store/users.ts';
import type { Admission } from './admission.ts';
import type { CertificateService } from './certificate-service.ts';
import type { Claims } from './claims.ts';
import type { Outputs } from './output.ts';
import type { RunningBuilds } from './running-builds.ts';
import type { Sources } from './sources.ts';
import type { Turns } from './turns.ts';

export interface Platform {
  config: Config;
  instance: string;
  log: Log;
  engine: Engine;
  store: Store;
  git: Git;
  builder: Builder;
  slugs: Slugs;
  processes: Processes;
  oneOffs: OneOffs;
  cron: Cron;
  /** Commands in processes that run. */
  inside: Inside;
  /** What processes use. */
  figures: Figures;
  router: Router;
  /** Who is served with which certificate. */
  certificates: CertificateService;
  logs: Logs;
  /** Where a log drain leads, if it may. */
  resolveDrain: ResolveSafely;
  /** Whose token is it, asked by all who are shown one. */
  admission: Admission;
  /** Who deploys which app since when. */
  claims: Claims;
  /** As many builds at once as the server's settings say. */
  turns: Turns;
  /** What can be cancelled. */
  running: RunningBuilds;
  /** Sources that clients gave, as archives. */
  sources: Sources;
  /** Output of builds and release phases, to replay and follow. */
  outputs: Outputs;
  /** Told at each named step, before what follows it. */
  reached(step: Step): void;
  /** The run stack's image, made where it is missing. */
  stackImage(): Promise<string>;
  /** Milliseconds since this server was started, whatever happens to the clock. */
  uptimeMs(): number;
  /** What the images that a server works with are called by their definitions of now. */
  currentImages(): Promise<readonly string[]>;
  /** When the oldest of Debian's packages in them came into them; null: none of them is there. */
  packagesAsOf(): Promise<string | null>;
  /**
   * Before a deploy writes anything.
   * @param kinds what it adds to; as a push unless told
   * @throws PlatformError `service_unavailable`: the disk is nearly full, or the budget of one of them used up
   */
  requireSpace(kinds?: readonly RefusingKind[]): Promise<void>;
}

/** Who asks. */
export interface Caller {
  user: User;
}

/** Who asks with a token, and from where. */
export interface Known extends Caller {
  token: Token;
  /** IP address. */
  address: string | null;
  /** Whom to ask for more: e-mail addresses. */
  administrators(): readonly string[];
}
