// What a backup is: a tar of the database, repositories, blobs and build outputs, and at its end a signed list of all of it.

/** Grows when an older program could not restore what a newer one wrote. */
export const backupFormat = 1;

/** What a repository holds beside its objects. */
export interface RepositoryRecord {
  app: string;
  /** What `git clone` checks out. */
  branch: string;
  refs: Record<string, string>;
  /** Commits whose parents a shallow clone did not bring. */
  shallow: string[];
  /** A push whose release was not decided: the branch follows it. */
  unfinished: { branch: string; commit: string } | null;
}

export interface BackupEntry {
  name: string;
  size: number;
  sha256: string;
}

export interface BackupManifest {
  format: number;
  /** Of the program that made it. */
  twelve: string;
  /** Of the database. */
  schema: number;
  instance: string;
  madeAt: string;
  /** By which the key is known that its secrets are sealed with. */
  key: string;
  entries: BackupEntry[];
  repositories: RepositoryRecord[];
  /** Slugs that were not whole on the server's disk. */
  lost: string[];
}

/** The last two entries, in this order: who finds both has all of it. */
export const manifestEntry = 'manifest.json';
export const signatureEntry = 'manifest.sig';
export const databaseEntry = 'twelve.db';

/** What is signed to recognise a key, and to seal a list. */
export const keyMark = 'backup-key';
export const manifestMark = (sha256: string): string => `backup-manifest:${sha256}`;

/** Nothing else may be in a backup, so that nothing else is ever put into a data folder. */
const names = [
  /^twelve\.db$/,
  /^git\/[0-9a-zA-Z_-]+\.pack$/,
  /^blobs\/sha256\/[0-9a-f]{64}$/,
  /^outputs\/[0-9a-f-]+\.log$/,
];

export function isBackupName(name: string): boolean {
  return names.some((pattern) => pattern.test(name));
}

/** What pushes say of an app's deployed branch: the newest whose release served, and a newer one that is not decided. */
export interface DeployedCommits {
  served: string | null;
  undecided: string | null;
}

interface Pushed {
  cause: string;
  status: string;
  slugId: string | null;
  commit: string | null;
}

/** @param releases newest first */
export function deployedCommits(releases: readonly Pushed[]): DeployedCommits {
  const pushes = releases.filter(({ cause }) => cause === 'push');
  // One that a newer change took over serves when that does: it has the same slug.
  const carried = (push: Pushed): boolean =>
    releases.some((one) => one.status === 'succeeded' && one.slugId === push.slugId);
  return {
    served: pushes.find(carried)?.commit ?? null,
    undecided: pushes[0]?.status === 'pending' ? pushes[0].commit : null,
  };
}
