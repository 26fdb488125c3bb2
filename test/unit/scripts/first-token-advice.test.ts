// What an installation ends with about the first token: to remove it, where it is there.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { call } from '../../support/install-pieces.ts';

it('says that it is to be removed and how another is made, and nothing where there is none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'twelve-advice-'));
  const advised = () =>
    call(folder, 'eval', [`data_folder=${folder}; advise_on_first_token "cat ${folder}/admin-token"`]);
  try {
    expect(await advised()).toMatchObject({ status: 0, stdout: '' });
    await writeFile(join(folder, 'admin-token'), 'secret');
    const { status, stdout } = await advised();
    expect(status).toBe(0);
    expect(stdout).toContain(`rm ${folder}/admin-token\n`);
    expect(stdout).toContain('"twelve server:token" makes another');
    expect(stdout).not.toContain('secret');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
