// What a backup is made of without an engine: a real store, git and blobs, with an app that was released.
import { execFileSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { makeBackup } from '../../../platform/actions/backup.ts';
import { restoreBackup } from '../../../platform/actions/restore.ts';
import type { BackupManifest } from '../../../platform/domain/backup.ts';
import type { Digest } from '../../../platform/domain/slug.ts';
import { createGit } from '../../../platform/git/git.ts';
import { type Blobs, openBlobs } from '../../../platform/slugs/blobs.ts';
import { imageDocuments } from '../../../platform/slugs/image.ts';
import { wholeBlobs } from '../../../platform/slugs/puller.ts';
import { plainSlug } from '../../support/plain-slug.ts';
import { createGround, type Ground } from './ground.ts';

export interface BackupGround extends AsyncDisposable {
  ground: Ground;
  blobs: Blobs;
  key: string;
  archive: string;
  /** The data folder that is restored into. */
  target: string;
  /** How often garbage was collected. */
  collected(): number;
  /** In the app's repository. @returns what git printed */
  inGit(...args: string[]): string;
  /** A release by a push, with a slug of its own. @returns its commit */
  released(text: string, status: 'succeeded' | 'failed' | null): Promise<string>;
  backup(): Promise<void>;
  restore(file?: string, keyFile?: string, folder?: string): Promise<BackupManifest>;
}

export async function createBackupGround(): Promise<BackupGround> {
  const ground = createGround();
  const { folder, platform, store, app, caller } = ground;
  let collected = 0;
  const git = await createGit({
    folder: join(folder, 'git'),
    runFolder: join(folder, 'run'),
    authenticate: async () => null,
    findApp: async () => null,
    deploy: async () => undefined,
    onProblem: () => undefined,
    resolve: async ({ hostname }) => {
      throw new Error(`${hostname} is not for this test.`);
    },
  });
  const blobs = await openBlobs(join(folder, 'blobs'));
  Object.assign(platform, { git, config: { ...platform.config, dataFolder: folder } });
  Object.assign(platform.slugs, {
    blobs: (manifest: Digest) => wholeBlobs(blobs, manifest),
    read: (digest: Digest) => blobs.stream(digest),
    collect: async () => {
      collected += 1;
      return { blobs: 0, bytes: 0, images: [] };
    },
  });
  const repository = join(folder, 'git', `${app.id}.git`);
  const inGit = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], {
      encoding: 'utf8',
      input: '',
      env: { PATH: process.env['PATH'], GIT_DIR: repository },
    }).trim();

  async function slugOf(text: string): Promise<string> {
    const layer = { digest: await blobs.putBytes(Buffer.from(text)), size: text.length, label: 'app' };
    const stack = { reference: 's', imageId: 'x', layers: [], env: [] };
    const documents = imageDocuments({ stack, layers: [layer], architecture: 'amd64', instance: 'mine' });
    await blobs.putBytes(documents.config);
    const manifest = await blobs.putBytes(documents.manifest);
    return store.slugs.insert({ ...plainSlug(app.id, { processTypes: { web: 'run' } }), manifest }).id;
  }

  const paths = {
    key: join(folder, 'secret.key'),
    archive: join(folder, 'backup.tar'),
    target: join(folder, 'target'),
  };
  return {
    ground,
    blobs,
    ...paths,
    collected: () => collected,
    inGit,
    async released(text, status) {
      const name = text.slice(0, 20);
      await git.ensureRepository(app.id);
      const commit = inGit('commit-tree', inGit('mktree'), '-m', name);
      const release = store.releases.append(app.id, caller.user.id, {
        version: (store.releases.newest(app.id)?.version ?? 0) + 1,
        slugId: await slugOf(text),
        config: { SECRET: `secret of ${name}` },
        cause: 'push',
        description: 'Deploy',
        commit,
      });
      if (status) store.releases.end(release.id, status, null);
      return commit;
    },
    async backup() {
      const made = await makeBackup(platform, { version: '1.2.3', signal: new AbortController().signal });
      await pipeline(made.stream, createWriteStream(paths.archive));
      const damage = await made.done;
      if (damage !== null) throw new Error(damage);
    },
    restore: (file = paths.archive, keyFile = paths.key, into = paths.target) =>
      restoreBackup({
        file,
        keyFile,
        folder: into,
        signal: new AbortController().signal,
        note: () => undefined,
      }),
    async [Symbol.asyncDispose]() {
      await git.close();
      ground[Symbol.dispose]();
    },
  };
}
