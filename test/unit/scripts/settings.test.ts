// Settings of a service that scripts/install makes: written, read back as they were given, and files that it would not see.
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call as callPiece } from '../../support/install-pieces.ts';
import type { Result } from '../../support/program.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-settings-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A function of the installation's pieces, with arguments as they are. */
const call = (name: string, args: string[], env: Record<string, string> = {}): Promise<Result> =>
  callPiece(folder, name, args, env);
const bash = (script: string, env: Record<string, string> = {}): Promise<Result> =>
  call('eval', [`given=(); ${script}`], env);

describe('settings', () => {
  const values = [
    'plain',
    'with space',
    '{"small":{"memory":256}}',
    'a\\b"c$d`e\'f',
    'ends\\',
    '"quoted"',
    '=x',
    '',
  ];

  it('are read as they were given', async () => {
    const given = values.map((value, at) => `S_${at}=${value}`);
    const lines = await Promise.all(values.map((value, at) => call('quoted', [`S_${at}`, value])));
    await writeFile(join(folder, 'twelve.env'), lines.map(({ stdout }) => stdout).join(''));
    const read = await call('all_settings', [join(folder, 'twelve.env')]);
    expect(
      read.stdout
        .split('\0')
        .filter((line) => line.startsWith('S_'))
        .sort(),
    ).toEqual(given.toSorted());
    // One at a time, as an upgrade asks for a proxy with its password; what the shell has of that name is another matter.
    const one = (at: number): Promise<Result> =>
      call('setting_or', [`S_${at}`, 'the default'], { [`S_${at}`]: "the shell's" });
    const asked = await Promise.all(given.map((_line, at) => one(at)));
    expect(asked.map(({ stdout }) => stdout)).toEqual(values.map((value) => `${value || 'the default'}\n`));
  });

  it('given now replace those of before, and leave the rest as it was written', async () => {
    const file = join(folder, 'twelve.env');
    await writeFile(file, '# mine\nTWELVE_DOMAIN="old"\nTWELVE_DOMAINS=kept\n');
    expect(await call('put_setting', [file, 'TWELVE_DOMAIN', 'new.example.com'])).toMatchObject({
      status: 0,
    });
    expect(await readFile(file, 'utf8')).toBe(
      '# mine\nTWELVE_DOMAINS=kept\nTWELVE_DOMAIN="new.example.com"\n',
    );
    expect((await call('setting_or', ['TWELVE_DOMAIN', 'x'])).stdout).toBe('new.example.com\n');
    expect((await call('setting_or', ['TWELVE_DOMAINS', 'x'])).stdout).toBe('kept\n');
    expect((await call('setting_or', ['TWELVE_API', '127.0.0.1:5480'])).stdout).toBe('127.0.0.1:5480\n');
  });
});

it('refuses a file that the service would not see, named by a setting, by one given now or by the shell, and reached by a link', async () => {
  const check = (settings: string, given = '', env: Record<string, string> = {}): Promise<Result> =>
    writeFile(join(folder, 'twelve.env'), settings).then(() =>
      bash(`has_systemd() { :; }; ${given} refuse_hidden_files; echo fine; ls $TMPDIR`, {
        TMPDIR: folder,
        ...env,
      }),
    );
  const refused = (name: string, file: string): object => ({
    status: 1,
    stderr: expect.stringContaining(`${name} is "${file}", and the service does not see what is below /root`),
  });
  await symlink('/home/ada/ca.pem', join(folder, 'link.pem'));
  const link = join(folder, 'link.pem');
  expect(await check('TWELVE_CA_FILE="/root/ca.pem"\n')).toMatchObject(
    refused('TWELVE_CA_FILE', '/root/ca.pem'),
  );
  expect(await check('', 'given=(TWELVE_ACME_CA_FILE=/etc/../home/a.pem);')).toMatchObject(
    refused('TWELVE_ACME_CA_FILE', '/etc/../home/a.pem'),
  );
  expect(await check(`SSL_CERT_FILE="${link}"\n`)).toMatchObject(refused('SSL_CERT_FILE', link));
  expect(await check('TWELVE_ENGINE="unix:///run/user/1000/docker.sock"\n')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('use an engine that has its files elsewhere'),
  });
  // What the shell says counts where there are no settings yet, and nothing stays of the draft.
  const shell = { NODE_EXTRA_CA_CERTS: '/root/ca.pem' };
  const seen = { status: 0, stdout: 'fine\nlink.pem\ntwelve.env\n' };
  expect(await check('TWELVE_CA_FILE="/etc/twelve/root/ca.pem"\n', '', shell)).toMatchObject(seen);
  const first = await bash('has_systemd() { :; }; rm $SETTINGS; refuse_hidden_files', shell);
  expect(first).toMatchObject(refused('NODE_EXTRA_CA_CERTS', '/root/ca.pem'));
  expect(first.stderr).toContain(`--set NODE_EXTRA_CA_CERTS=${folder}/ca.pem`);
  expect(await bash('has_systemd() { return 1; }; refuse_hidden_files', shell)).toMatchObject({
    status: 0,
  });
});
