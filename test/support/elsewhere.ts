// Buildpacks from elsewhere for tests: a git server with a certificate of its own, archives beside it, and what fetches from both.
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Fetchers } from '../../platform/build/collection.ts';
import { createDownload } from '../../platform/download.ts';
import { type HttpsServer, resolve, startHttpsServer } from '../unit/git/https-server.ts';
import { startServer } from '../unit/git/support.ts';

export interface Elsewhere extends AsyncDisposable {
  remote: HttpsServer;
  fetchers: Fetchers;
  /** Served at `remote.url(name)` from now on. */
  archive(name: string, content: Buffer): void;
  /** A .tgz of these files; one that starts with `#!` can be executed. */
  pack(files: Record<string, string>): Promise<Buffer>;
  /** Requests so far. */
  asked(): number;
}

export async function startElsewhere(): Promise<Elsewhere> {
  const remote = await startHttpsServer();
  const server = await startServer(async () => {}, { resolve, caFile: remote.caFile });
  const folder = await mkdtemp(join(tmpdir(), 'twelve-elsewhere-'));
  const archives = new Map<string, Buffer>();
  remote.before = (request, response) => {
    const content = archives.get(request.url!.slice(1).replace(/\?.*$/, ''));
    if (content) response.end(content);
    return content !== undefined;
  };
  return {
    remote,
    fetchers: {
      resolveRef: server.git.resolveRef,
      fetchTree: server.git.fetchTree,
      download: createDownload({ resolve, caFile: remote.caFile }),
    },
    archive: (name, content) => void archives.set(name, content),
    async pack(files) {
      const tree = await mkdtemp(join(folder, 'tree-'));
      for (const [name, content] of Object.entries(files)) {
        const path = join(tree, name);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, content);
        if (content.startsWith('#!')) await chmod(path, 0o755);
      }
      return execFileSync('tar', ['-czf', '-', '-C', tree, '.']);
    },
    asked: () => remote.requests.length,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await remote[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
