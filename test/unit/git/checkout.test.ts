// The files of a commit on disk: what survives, what is refused, what is warned of.
import { execFileSync } from 'node:child_process';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commit, must, repositoryWith, startServer, type TestServer } from './support.ts';

async function checkedOut(server: TestServer, work: string) {
  const into = await mkdtemp(join(server.folder, 'into-'));
  const from = { repository: join(work, '.git'), commit: await must(work, 'rev-parse', 'HEAD'), into };
  return { into, ...(await server.git.checkout(from)) };
}

describe('checkout', () => {
  it('happens inside a push, while the objects are quarantined', async () => {
    const seen: string[] = [];
    await using server = await startServer(async ({ repository, gitEnv, update, signal }) => {
      const into = await mkdtemp(join(server.folder, 'into-'));
      await server.git.checkout({ repository, gitEnv, commit: update.to, into, signal });
      seen.push(...(await readdir(into, { recursive: true })));
    });
    await must(await repositoryWith(server, { 'a/b.js': 'b', 'c.js': 'c' }), 'push', server.remote(), 'main');
    expect(seen.sort()).toEqual(['a', 'a/b.js', 'c.js']);
  });

  it('keeps exec bits, symbolic links and odd names, and what git archive would leave out', async () => {
    await using server = await startServer();
    const work = await repositoryWith(server, {
      'run.sh': '#!/bin/sh\n',
      'new\nline': 'x',
      '.gitattributes': 'ignored export-ignore\n*.txt export-subst\n',
      ignored: 'still here',
      'a.txt': '$Format:%H$',
      'deep/ä.js': 'é',
    });
    await chmod(join(work, 'run.sh'), 0o755);
    await symlink('/etc/passwd', join(work, 'absolute'));
    await symlink('nowhere', join(work, 'dangling'));
    await writeFile(Buffer.concat([Buffer.from(`${work}/`), Buffer.from([0x66, 0xff, 0xfe])]), 'bytes');
    await commit(work, {});
    const { into, warnings, paths } = await checkedOut(server, work);
    expect(warnings).toEqual([]);
    expect(paths).toEqual(expect.arrayContaining(['run.sh', 'new\nline', 'deep/ä.js', 'dangling']));
    expect(paths).toHaveLength(9);
    expect((await lstat(join(into, 'run.sh'))).mode & 0o111).toBe(0o111);
    expect((await lstat(join(into, 'ignored'))).mode & 0o111).toBe(0);
    expect(await readlink(join(into, 'absolute'))).toBe('/etc/passwd');
    expect(await readlink(join(into, 'dangling'))).toBe('nowhere');
    expect(await readFile(join(into, 'new\nline'), 'utf8')).toBe('x');
    expect(await readFile(join(into, 'ignored'), 'utf8')).toBe('still here');
    expect(await readFile(join(into, 'a.txt'), 'utf8')).toBe('$Format:%H$');
    const names = (await readdir(into, { encoding: 'buffer' })).map((name) => name.toString('latin1'));
    expect(names).toContain('f\xff\xfe');
    expect(names).not.toContain('.git');
  });

  it('runs no filter and no hook that the repository names', async () => {
    await using server = await startServer();
    const work = await repositoryWith(server, { '.gitattributes': '* filter=evil\n', file: 'as committed' });
    await mkdir(join(work, '.git', 'hooks'), { recursive: true });
    await writeFile(join(work, '.git', 'hooks', 'post-index-change'), '#!/bin/sh\ntouch ../ran\n', {
      mode: 0o755,
    });
    const { into } = await checkedOut(server, work);
    expect(await readFile(join(into, 'file'), 'utf8')).toBe('as committed');
    expect(await readdir(work)).not.toContain('ran');
  });

  it('warns of Git LFS pointers by name', async () => {
    await using server = await startServer();
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12345\n`;
    const work = await repositoryWith(server, {
      'img/logo.png': pointer,
      same: `${pointer.slice(0, -1)} \n`,
    });
    const { warnings } = await checkedOut(server, work);
    expect(warnings).toEqual([expect.stringMatching(/^img\/logo\.png is a Git LFS pointer: /)]);
  });

  it('stops when it is told to, and says what is missing', async () => {
    await using server = await startServer();
    const work = await repositoryWith(server);
    const from = { repository: join(work, '.git'), commit: 'f'.repeat(40), into: server.folder };
    await expect(server.git.checkout(from)).rejects.toMatchObject({ code: 'internal_server_error' });
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(server.git.checkout({ ...from, signal })).rejects.toThrow('enough');
  });

  it('never writes outside of the folder, whatever the tree says', async () => {
    await using server = await startServer();
    const work = await repositoryWith(server);
    const blob = await must(work, 'rev-parse', 'HEAD:index.js');
    const raw = (mode: string, name: string, id: string) =>
      Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')]);
    const store = (type: string, content: Buffer): string =>
      execFileSync('git', ['hash-object', '--literally', '-t', type, '-w', '--stdin'], {
        cwd: work,
        input: content,
      })
        .toString()
        .trim();
    const link = store('blob', Buffer.from(server.folder));
    const inner = store('tree', raw('100644', 'escaped', blob));
    const trees = [
      store('tree', Buffer.concat([raw('40000', '..', inner)])),
      store('tree', Buffer.concat([raw('120000', 'a', link), raw('40000', 'a', inner)])),
      store('tree', raw('40000', '.git', inner)),
    ];
    for (const tree of trees) {
      const id = await must(work, 'commit-tree', '-m', 'Evil', tree);
      const into = await mkdtemp(join(server.folder, 'into-'));
      await server.git.checkout({ repository: join(work, '.git'), commit: id, into }).catch(() => {});
      expect(await readdir(server.folder)).not.toContain('escaped');
      expect(await readdir(into)).not.toContain('.git');
      await must(work, 'reset', '-q', '--soft', id);
      await expect(must(work, 'push', server.remote(), 'main')).rejects.toThrow(/fsck error|unpack/);
    }
  });
});

describe('a commit', () => {
  it('is described in one line, whatever its message holds', async () => {
    await using server = await startServer();
    const work = await repositoryWith(server);
    const id = await commit(work, {}, 'Größer\nund länger\n\nText');
    const described = await server.git.describeCommit({ repository: join(work, '.git'), commit: id });
    expect(described).toEqual({ commit: id, subject: 'Größer und länger', author: 'Ada <ada@example.com>' });
  });
});
