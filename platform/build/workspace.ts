// The folder of one build on the host: what the container sees as /tmp and /app, and what is left when it has ended.
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import {
  chmod,
  chown,
  cp,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { type ConfigVars, requireConfigNames } from '../domain/config-vars.ts';
import { appUid } from '../domain/process.ts';
import { copyBuildpack, copyOurBuildpack } from './buildpack-folder.ts';
import type { Placed } from './gather.ts';

const run = promisify(execFile);
const driverFile = join(import.meta.dirname, '..', '..', 'platform', 'build', 'driver.sh');

const buildUser = `${appUid}:${appUid}`;

export type Workspace = Awaited<ReturnType<typeof createWorkspace>>;

/** How the folders of a build are called inside its container. */
export const inside = {
  temporary: '/tmp',
  varTemporary: '/var/tmp',
  home: '/app',
  driver: '/tmp/twelve/driver.sh',
  npmrc: '/tmp/twelve/npmrc',
  pipConf: '/tmp/twelve/pip.conf',
  pipCert: '/tmp/twelve/pip-cert.pem',
  goenv: '/tmp/twelve/goenv',
};

/**
 * The container's user owns everything but two folders: `tmp` itself (sticky) and `tmp/twelve`. So it cannot put a link
 * in the place of a folder through which the server reads results, and results themselves are opened without following links.
 */
export async function createWorkspace(workFolder: string, name: string) {
  const folder = join(workFolder, name);
  const temporary = join(folder, 'tmp');
  const own = join(temporary, 'twelve');
  const results = join(own, 'out');
  const paths = {
    folder,
    temporary,
    /** What is written there is seen on the disk as the build's. */
    varTemporary: join(folder, 'var-tmp'),
    home: join(folder, 'home'),
    cache: join(temporary, 'cache'),
    env: join(temporary, 'env'),
    buildpacks: join(temporary, 'buildpacks'),
    debs: join(own, 'debs'),
  };
  await mkdir(workFolder, { recursive: true, mode: 0o700 });
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  const { varTemporary, home, cache, env, buildpacks } = paths;
  for (const made of [temporary, varTemporary, home, cache, env, buildpacks, own, results]) await mkdir(made);
  const gate = join(own, 'gate');
  await Promise.all([
    chmod(temporary, 0o1777),
    chmod(varTemporary, 0o1777),
    chmod(paths.env, 0o700),
    run('mkfifo', [gate]),
    cp(driverFile, join(own, 'driver.sh')),
  ]);
  let gateFile: FileHandle | undefined;
  let source = '';

  return {
    ...paths,
    /** Makes the empty folder for the source of a build. @returns its path */
    async beginBuild(build: { id: string; commit: string | null }): Promise<string> {
      source = join(temporary, `build_${build.id}`);
      await Promise.all([
        mkdir(source),
        writeFile(join(own, 'build'), `${inside.temporary}/${basename(source)}\n`),
        writeFile(join(own, 'request-id'), `${build.id}\n`),
        writeFile(join(own, 'source-version'), `${build.commit ?? ''}\n`),
      ]);
      return source;
    },

    /** Names in the root of the source, or in a folder below it, sorted; none where that is no folder. */
    entries: (below = ''): Promise<string[]> => namesBelow(source, below),

    /** A file in the root of the source as text; null when it is no regular file. */
    sourceText: (name: string): Promise<string | null> => readPlainFile(join(source, name), 1_048_576),

    async writeConfig(config: ConfigVars): Promise<void> {
      // As root: whatever was checked before, no name may lead out of the folder.
      requireConfigNames(config);
      for (const [name, value] of Object.entries(config)) {
        await writeFile(join(paths.env, name), value, { mode: 0o600, flag: 'wx' });
      }
    },

    /** A writable copy of every buildpack, numbered in order, and what the driver has to know; for the build's user. */
    async writePlan(plan: {
      mode: string;
      likely: string;
      before: number;
      buildpacks: readonly Placed[];
      npmrc: string;
      pipConf: string;
      /** A file of the host. */
      pipCert: string | null;
      goenv: string;
    }): Promise<void> {
      await Promise.all([
        writeFile(join(own, 'mode'), `${plan.mode}\n`),
        writeFile(join(own, 'likely'), `${plan.likely}\n`),
        writeFile(join(own, 'before'), `${plan.before}\n`),
        writeFile(join(own, 'buildpacks'), plan.buildpacks.map((one) => `${one.label}\n`).join('')),
        writeFile(join(own, 'npmrc'), plan.npmrc),
        writeFile(join(own, 'pip.conf'), plan.pipConf),
        ...(plan.pipCert ? [copyReadable(plan.pipCert, join(own, 'pip-cert.pem'))] : []),
        writeFile(join(own, 'goenv'), plan.goenv),
        ...plan.buildpacks.map(({ folder, pin }, n) => {
          const copy = pin === null ? copyOurBuildpack : copyBuildpack;
          return copy(folder, join(paths.buildpacks, String(n)));
        }),
      ]);
      await handOver(paths.home, paths.buildpacks, results);
    },

    /** Source and config, and the cache folder itself: what is in it has its owners already. */
    async handToBuildUser(): Promise<void> {
      await Promise.all([handOver(source, paths.env), chown(paths.cache, appUid, appUid)]);
    },

    /** The cache that was fetched and the plan that was written are not those to build with. */
    async startOver(): Promise<void> {
      for (const folder of [paths.cache, paths.buildpacks]) {
        await rm(folder, { recursive: true, force: true });
        await mkdir(folder);
      }
    },

    /** The driver, which waits for a line from this pipe, goes on. Open for reading too, or this would wait for the driver. */
    async openGate(cache: 'restored' | 'empty'): Promise<void> {
      gateFile = await open(gate, constants.O_RDWR | constants.O_NONBLOCK);
      await gateFile.write(`${cache}\n`);
    },
    async closeGate(): Promise<void> {
      await gateFile?.close();
      gateFile = undefined;
    },

    /** What the driver left under a name; null when it left nothing. Only for when the container has ended. */
    result: (name: string, limit: number): Promise<string | null> =>
      readPlainFile(join(results, name), limit),

    /** Moves the built tree out, alone into a folder: `<root>/app`. Throws when the build left something else in its place. */
    async takeTree(): Promise<string> {
      const root = join(folder, 'tree');
      if (!(await lstat(source)).isDirectory()) throw new Error('the build folder is not a folder any more');
      await rm(join(source, '.git'), { recursive: true, force: true });
      await mkdir(root);
      await rename(source, join(root, 'app'));
      return root;
    },

    forgetConfig: (): Promise<void> => rm(paths.env, { recursive: true, force: true }),

    dispose: (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

async function handOver(...folders: string[]): Promise<void> {
  await run('chown', ['-R', '-h', buildUser, ...folders]);
}

/** For the build's user to read, whoever may read the original. */
async function copyReadable(from: string, to: string): Promise<void> {
  await writeFile(to, await readFile(from), { mode: 0o644 });
}

/** Through no link, and not out of the source: a user writes this path. */
async function namesBelow(source: string, below: string): Promise<string[]> {
  let folder = source;
  for (const part of below.split('/').filter((one) => one !== '' && one !== '.')) {
    folder = join(folder, part);
    const found = part === '..' ? null : await lstat(folder).catch(() => null);
    if (!found?.isDirectory()) return [];
  }
  return (await readdir(folder)).sort();
}

/** Neither a link is followed nor a pipe waited for: what a user put there may be anything. */
async function readPlainFile(path: string, limit: number): Promise<string | null> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch(() => null);
  if (!file) return null;
  try {
    if (!(await file.stat()).isFile()) return null;
    const buffer = Buffer.alloc(limit);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, limit - length);
      if (bytesRead === 0) return buffer.subarray(0, length).toString('utf8');
      length += bytesRead;
    }
  } finally {
    await file.close();
  }
}
