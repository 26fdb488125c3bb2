// The git station: repositories over smart HTTP, and a deploy inside each push.
import { mkdir, rm } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { ResolveSafely } from '../domain/address.ts';
import type { RepositoryRecord } from '../domain/backup.ts';
import type { RemoteRef, RemoteTree } from '../domain/buildpack.ts';
import { PlatformError } from '../domain/errors.ts';
import type { Step } from '../domain/steps.ts';
import {
  type CheckedOut,
  type CheckoutRequest,
  type CommitSource,
  checkoutCommit,
  describe,
} from './checkout.ts';
import { copyRepository } from './copy.ts';
import { createHandler } from './handler.ts';
import { findHooks } from './hook.ts';
import { type Unfinished, unfinishedIn } from './kept.ts';
import { createMaintenance } from './maintenance.ts';
import { createPrograms, usualSearchPath } from './programs.ts';
import { fetchTree, resolveRef } from './remote.ts';
import { createRepositories } from './repository.ts';
import type { Service } from './route.ts';
import type { RefUpdate } from './rules.ts';
import { defaultMaxPushBytes, gitSettings } from './settings.ts';
import { type SubmoduleLimits, usualLimits } from './submodules.ts';
import { createWork } from './work.ts';

export type { CheckedOut, CheckoutRequest, CommitSource } from './checkout.ts';
export type { Unfinished } from './kept.ts';
export type { RefUpdate } from './rules.ts';

/** Whoever the token is of. The object that `authenticate` answered with is the one that the others are given. */
export interface Pusher {
  id: string;
  email: string;
}

export interface Push {
  app: { id: string; name: string };
  user: Pusher;
  /** The deployable update: refs/heads/main or master. */
  update: RefUpdate;
  branch: string;
  /** Path of the bare repository. */
  repository: string;
  /** Environment git needs to see the objects that are still quarantined. */
  gitEnv: Record<string, string>;
  /** Aborted when the pusher's connection is lost, the server stops or the app is destroyed, unless `keep` was called. */
  signal: AbortSignal;
  /** Keeps the commit, and the note that the branch is to hold it, whatever becomes of us and of git. */
  store(): Promise<void>;
  /** From now on nothing cancels. @throws the signal's reason when it was too late */
  keep(): void;
  /** One line to the pusher, shown as `remote: …` at once. */
  write(line: string): void;
}

export interface Git {
  /** Handles /<app>.git/... of a node http request; false when the path is not git's. Never rejects. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
  ensureRepository(appId: string): Promise<string>;
  removeRepository(appId: string): Promise<void>;
  /** Ids of the apps that have a repository. */
  repositories(): Promise<string[]>;
  /** Files of the commit and its submodules into a folder (no .git), without running any hook or filter. */
  checkout(from: CheckoutRequest): Promise<CheckedOut>;
  /** The commit that a branch or tag of somebody else's repository names now. */
  resolveRef(remote: RemoteRef): Promise<string>;
  /** Files of a commit of somebody else's repository, and of its submodules, into a folder. */
  fetchTree(remote: RemoteTree): Promise<void>;
  describeCommit(from: CommitSource): Promise<{ commit: string; subject: string; author: string }>;
  /** Commit of the deployed branch, null when never pushed. */
  head(appId: string): Promise<{ branch: string; commit: string } | null>;
  /** Stored pushes whose end a killed server did not see. */
  unfinished(appId: string): Promise<Unfinished[]>;
  /** Lets the branch hold a commit that was deployed. */
  moveBranch(appId: string, to: { branch: string; commit: string }): Promise<void>;
  /** Its repository in one pack, for a backup; null when there is none. */
  copy(given: Parameters<typeof copyRepository>[2]): Promise<RepositoryRecord | null>;
  /** Cancels pushes that are not kept, and gives the others a grace to end. */
  close(): Promise<void>;
}

export interface GitNeeds {
  folder: string;
  runFolder: string;
  /** @throws PlatformError `unauthorized`, `rate_limit` */
  authenticate(
    token: string,
    from: { address: string | null; requestId: string | null },
  ): Promise<Pusher | null>;
  /** @throws PlatformError `forbidden` when they see it and may not */
  findApp(name: string, user: Pusher, service: Service): Promise<{ id: string; name: string } | null>;
  /** Told of every push that keeps to the rules, before anything of it is done. @throws PlatformError: it is refused */
  pushed?(push: Pick<Push, 'app' | 'user'> & { updates: readonly RefUpdate[] }): void;
  /**
   * Resolves: the ref is accepted. Throws PlatformError: it is refused, and the message is shown to the pusher
   * unless the error's details say `shown: true`.
   */
  deploy(push: Push): Promise<void>;
  onProblem(message: string): void;
  /** Told at each named step of a push. */
  reached?(step: Step): void;
  /** Asked about every host that a submodule is fetched from. */
  resolve: ResolveSafely;
  /** Before anything is taken in. @throws PlatformError `service_unavailable`: there is no space for it */
  requireSpace?(): Promise<void>;
  /** Certificate authorities beside the machine's own, as PEM. */
  caFile?: string | null;
  maxPushBytes?: number;
  submoduleLimits?: Partial<SubmoduleLimits>;
  /** Connections silent for so long are cut. */
  idleMs?: number;
  /** How long after a push its repository is packed. */
  maintenanceDelayMs?: number;
  /** How long `close` waits for pushes that are kept. */
  closeGraceMs?: number;
  /** Where programs are looked for. */
  searchPath?: string;
}

const minute = 60_000;

/** For the server that `handle` serves: Node would cut every request whose body takes longer than five minutes. */
export function allowLongRequests(server: Server): void {
  server.requestTimeout = 0;
  server.headersTimeout = minute;
}

/** @throws PlatformError `service_unavailable` when git is missing or the hook cannot run */
export async function createGit(needs: GitNeeds): Promise<Git> {
  const { folder, onProblem } = needs;
  const home = join(needs.runFolder, 'git');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const programs = await createPrograms({
    home,
    settings: gitSettings(needs.maxPushBytes ?? defaultMaxPushBytes),
    searchPath: needs.searchPath ?? usualSearchPath,
  });
  await programs.output(['--version']);
  const fetchFolder = join(folder, 'fetching');
  await rm(fetchFolder, { recursive: true, force: true });
  await mkdir(fetchFolder, { mode: 0o700 });
  const repositories = createRepositories(folder, programs);
  await repositories.sweep(onProblem);
  const maintenance = createMaintenance({
    programs,
    delayMs: needs.maintenanceDelayMs ?? minute,
    onProblem,
  });
  const work = createWork(needs.closeGraceMs ?? 10_000);
  const checkoutNeeds = {
    programs,
    scratch: home,
    fetchFolder,
    resolve: needs.resolve,
    caFile: needs.caFile ?? null,
    limits: { ...usualLimits, ...needs.submoduleLimits },
  };
  const handle = createHandler({
    ...needs,
    programs,
    repositories,
    maintenance,
    work,
    hooks: findHooks(),
    idleMs: needs.idleMs ?? 10 * minute,
  });
  return {
    handle,
    ensureRepository: repositories.ensure,
    repositories: repositories.list,
    removeRepository: async (appId) => {
      work.cancel(appId, new PlatformError('cancelled', 'The app was destroyed.'));
      maintenance.forget(join(folder, `${appId}.git`));
      await repositories.remove(appId);
    },
    checkout: (from) => checkoutCommit(checkoutNeeds, from),
    resolveRef: (remote) => resolveRef(checkoutNeeds, remote),
    fetchTree: (remote) => fetchTree(checkoutNeeds, remote),
    describeCommit: (from) => describe(programs, from),
    head: repositories.head,
    unfinished: (appId) => unfinishedIn(join(folder, `${appId}.git`)),
    moveBranch: async (appId, { branch, commit }) =>
      repositories.move(await repositories.ensure(appId), branch, commit),
    copy: (given) => copyRepository(programs, join(folder, `${given.app}.git`), given),
    close: async () => {
      await work.close();
      await maintenance.close();
    },
  };
}
