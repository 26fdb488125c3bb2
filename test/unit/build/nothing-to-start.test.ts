// Why nothing can be started: which Procfile below the root is meant, and commands that can be copied whatever a folder is called.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { misspeltProcfile, noBuildpack, procfileBelow } from '../../../platform/build/failures.ts';
import { nothingToStart } from '../../../platform/build/nothing-to-start.ts';
import { PlatformError } from '../../../platform/domain/errors.ts';
import { parseProcfile } from '../../../platform/domain/procfile.ts';
import { writeTree } from '../../engine/build/builds.ts';

let tree: string;
beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), 'twelve-nothing-'));
});
afterEach(() => rm(tree, { recursive: true }));

async function why(paths: readonly string[], project: string | null = null): Promise<string> {
  await writeTree(tree, Object.fromEntries(paths.map((path) => [path, 'web: x\n'])));
  const error = await nothingToStart(tree, ['node'], null, project);
  return `${error.details['id']} ${error.message}`;
}

describe('a Procfile that is not in the root', () => {
  it.each([
    'examples/hello/Procfile',
    'test/Procfile',
    'tests/fixtures/Procfile',
    'docs/Procfile',
    'demo/Procfile',
    'packages/node_modules/Procfile',
    '__tests__/Procfile',
    'testdata/Procfile',
    '.github/Procfile',
    'one/two/three/Procfile',
  ])('%s is nobody’s app', async (path) => {
    expect(await why([path])).toMatch(/^E11 The build worked but nothing says how to start/);
  });

  it('is the one nearest to the root, others or not', async () => {
    expect(await why(['examples/Procfile', 'back/Procfile', 'old/service/Procfile'])).toBe(
      'E16 Found "back/Procfile"; the file must be called exactly "Procfile" and be in the root. Run: git mv back/Procfile Procfile. If the app lives in back/: twelve config:set PROJECT_PATH=back',
    );
  });

  it('of several none is guessed', async () => {
    expect(await why(['a/Procfile', 'b/Procfile'])).toBe(
      'E16 Found "a/Procfile", "b/Procfile"; the file must be called exactly "Procfile" and be in the root. If the app is one of these folders: twelve config:set PROJECT_PATH=<folder>. If it is all of them, write a Procfile in the root.',
    );
  });

  it('is said by its path in the repository where PROJECT_PATH names a folder', async () => {
    expect(await why(['back/Procfile'], 'apps/my shop')).toMatch(
      /^E16 Found "apps\/my shop\/back\/Procfile"; .* in the folder that PROJECT_PATH names \(apps\/my shop\)\. Run: git mv 'apps\/my shop\/back\/Procfile' 'apps\/my shop\/Procfile'\. .* twelve config:set 'PROJECT_PATH=apps\/my shop\/back'$/,
    );
  });

  it.each(['my app', "it's", '$(touch owned)', '-rf', 'a;b'])(
    'in a folder called %j is moved by the command that is shown',
    async (name) => {
      const git = (...args: string[]) => execFileSync('git', ['-C', tree, ...args], { encoding: 'utf8' });
      git('init', '-q');
      const said = await why([`${name}/Procfile`]);
      git('add', '.');
      execFileSync('/bin/bash', ['-c', / Run: (git mv .*)\. If the app lives /.exec(said)![1]!], {
        cwd: tree,
      });
      expect(git('ls-files')).toBe('Procfile\n');
      const set = / twelve config:set (.*)$/.exec(said)![1]!;
      expect(execFileSync('/bin/bash', ['-c', `printf %s ${set}`], { encoding: 'utf8' })).toBe(
        `PROJECT_PATH=${name}`,
      );
    },
  );
});

describe('names in messages', () => {
  const trick = 'a\u001b[2J\u009b1A\u202eb';
  it.each<[string, PlatformError]>([
    ['a folder with a Procfile', procfileBelow([trick], null)],
    ['several of them', procfileBelow([trick, 'b'], trick)],
    ['files in the root', noBuildpack(null, [trick], trick)],
    ['a Procfile that is misspelt', misspeltProcfile('procfile')],
    ['a line of the Procfile', thrown(() => parseProcfile(`no colon ${trick}`))],
  ])('%s: nothing moves the terminal', (_, error) => {
    expect(error.message).toMatch(/^[ -~…]+$/);
  });
});

function thrown(act: () => unknown): PlatformError {
  try {
    act();
  } catch (error) {
    if (error instanceof PlatformError) return error;
  }
  throw new Error('nothing was thrown');
}
