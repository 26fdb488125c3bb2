// What a push may do, decided from its ref updates alone: deploy a branch, only store, or be refused.
import { PlatformError } from '../domain/errors.ts';

export interface RefUpdate {
  ref: string;
  /** 40 or 64 hex digits; all zeros when the ref is created. */
  from: string;
  /** All zeros when the ref is deleted. */
  to: string;
}

export interface Verdict {
  /** The update to deploy, null when the push is only stored. */
  deploy: RefUpdate | null;
  /** Sentences for the pusher about what is stored without being deployed. */
  notices: string[];
}

export const deployedBranches = ['main', 'master'] as const;

/** Branches named one by one in a notice; more of them are counted. */
const namedBranches = 5;

/** @throws PlatformError `invalid_params`: deletes a deployed branch, or would deploy two at once */
export function judge(updates: readonly RefUpdate[]): Verdict {
  const deployed = updates.filter(({ ref }) => isDeployed(ref));
  const deleted = deployed.find(isDeletion);
  if (deleted) {
    throw new PlatformError(
      'invalid_params',
      `${branchOf(deleted.ref)} is the branch that is deployed and cannot be deleted. To stop the app, run: twelve ps:scale web=0. To remove it for good: twelve apps:destroy.`,
    );
  }
  if (deployed.length > 1) {
    throw new PlatformError(
      'invalid_params',
      'This push updates both main and master, and an app has one deployed branch. Push the one to deploy: git push platform main',
    );
  }
  const notices = noticesFor(updates);
  return {
    deploy: deployed[0] ?? null,
    notices: deployed.length > 0 ? notices : [...notices, ...tagsOnly(updates)],
  };
}

function noticesFor(updates: readonly RefUpdate[]): string[] {
  const names = updates
    .filter((update) => update.ref.startsWith('refs/heads/') && !isDeployed(update.ref))
    .filter((update) => !isDeletion(update))
    .map(({ ref }) => branchOf(ref));
  const notices = names
    .slice(0, namedBranches)
    .map(
      (name) =>
        `Pushed to ${name}, which is not deployed: push to main to deploy it (git push platform ${name}:main).`,
    );
  if (names.length > namedBranches) {
    notices.push(`${names.length - namedBranches} more branches were stored and are not deployed.`);
  }
  return notices;
}

/** Tags are stored silently beside other things; who pushes nothing else may have expected a deploy. */
function tagsOnly(updates: readonly RefUpdate[]): string[] {
  const tags = updates.filter((update) => !isDeletion(update)).map(({ ref }) => ref);
  const [first] = tags;
  if (!first || !tags.every((ref) => ref.startsWith('refs/tags/'))) return [];
  const name = first.replace(/^refs\/tags\//, '');
  return [
    `${tags.length === 1 ? `${name} is a tag, and is` : 'Tags are'} stored without being deployed. To deploy what it names: git push platform '${name}^{commit}:main'`,
  ];
}

export function branchOf(ref: string): string {
  return ref.replace(/^refs\/heads\//, '');
}

export function isDeployed(ref: string): boolean {
  return deployedBranches.some((branch) => ref === `refs/heads/${branch}`);
}

export function isDeletion(update: RefUpdate): boolean {
  return /^0+$/.test(update.to);
}
