// What a submodule's server may not do: send more than is left, or send it by the old protocol, by which git checks nothing.
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { fetchCommit } from '../../../platform/git/fetch.ts';
import { createPrograms } from '../../../platform/git/programs.ts';
import { gitSettings } from '../../../platform/git/settings.ts';
import { type HttpsServer, startHttpsServer } from './https-server.ts';
import { must } from './support.ts';

let remote: HttpsServer;
let folder: string;
beforeAll(async () => {
  remote = await startHttpsServer();
});
afterAll(() => remote[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-fetch-'));
  await mkdir(join(folder, 'into'));
});
afterEach(() => rm(folder, { recursive: true }));

const megabyte = 1_048_576;

async function fetched(name: string, commit: string, searchPath = process.env['PATH']!): Promise<number> {
  const programs = await createPrograms({
    home: join(folder, 'home'),
    settings: gitSettings(1e9),
    searchPath,
  });
  return fetchCommit(
    { programs, caFile: remote.caFile },
    {
      url: new URL(remote.url(name)),
      pinned: { host: 'git.test', port: remote.port, addresses: ['127.0.0.1'] },
      commit,
      into: join(folder, 'into'),
      maxBytes: 2 * megabyte,
      advice: { commit: 'Push it there.', room: 'left for submodules', moved: 'Use the new address.' },
      signal: new AbortController().signal,
    },
  );
}

it('turning to the old protocol once all branches are asked for is refused before an object comes', async () => {
  const work = await remote.repository('turning.git', { 'a.bin': randomBytes(3 * megabyte).toString('hex') });
  const served = join(remote.caFile, '../served');
  await must(join(served, 'turning.git'), 'update-server-info');
  let asked = 0;
  remote.before = ({ url }, response) => {
    const path = url!.split('?')[0]!;
    asked += Number(path.endsWith('/info/refs'));
    if (asked === 1) {
      response.setHeader('content-type', 'application/x-git-upload-pack-advertisement');
      const lines = ['# service=git-upload-pack\n', 'ERR upload-pack: not our ref'];
      const [service, error] = lines.map((line) => (line.length + 4).toString(16).padStart(4, '0') + line);
      response.end(`${service}0000${error}`);
    } else {
      readFile(join(served, path)).then(
        (content) => response.end(content),
        () => response.writeHead(404).end(),
      );
    }
    return true;
  };
  const commit = await must(work, 'rev-parse', 'HEAD');
  await expect(fetched('turning.git', commit)).rejects.toThrow(/Its server speaks git's old protocol only/);
  expect(asked).toBe(2);
  const paths = remote.requests.map(({ path }) => path);
  expect(paths.filter((path) => path.startsWith('/turning.git/objects'))).toEqual([]);
});

it('what git unpacks at once counts as well, while it comes', async () => {
  // A git that stores what it fetches as single objects, and is not done with it for a long time.
  const bin = join(folder, 'bin');
  await mkdir(bin);
  const unpacking = `#!/bin/sh
case "$*" in
"fetch "*) mkdir -p "$GIT_DIR/objects/ab" && head -c ${3 * megabyte} /dev/zero >"$GIT_DIR/objects/ab/cd" && exec sleep 60 ;;
esac
PATH=\${PATH#*:} exec git "$@"
`;
  await writeFile(join(bin, 'git'), unpacking, { mode: 0o755 });
  const path = `${bin}:${process.env['PATH']}`;
  await expect(fetched('any.git', 'a'.repeat(40), path)).rejects.toThrow(
    /It is larger than the 2 MB left for submodules/,
  );
  expect(await readdir(join(folder, 'into', 'objects', 'ab'))).toEqual(['cd']);
});
