// What scripts/install says at its end: the token that there is, the fingerprint, and what is not served.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call } from '../../support/install-pieces.ts';
import { root } from '../../support/server-process.ts';

let folder: string;
const at = (...names: string[]): string => join(folder, ...names);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-advice-'));
  await mkdir(at('opt/current/dist/cli'), { recursive: true });
  await mkdir(at('data'));
  // The command line as it is before it is compiled.
  const main = join(root, 'platform/cli/main.ts');
  await writeFile(
    at('opt/current/dist/cli/main.js'),
    `process.argv[1] = ${JSON.stringify(main)}; await import(${JSON.stringify(main)});\n`,
  );
  await writeFile(at('opt/package.json'), '{"type":"module"}');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** @param settings besides the API's address @param token in the data folder */
async function advice(settings: string, token?: string, addresses = '', firewall = ''): Promise<string> {
  const authorized: string[] = [];
  const server = createServer((request, response) => {
    // Of the first token this would be a use.
    if (request.headers.authorization) authorized.push(request.url!);
    const isCa = request.url === '/certificate-authority';
    response.statusCode = isCa ? 200 : 401;
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ certificate: '', fingerprint: 'AB:CD' }));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const api = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await writeFile(at('twelve.env'), `TWELVE_API="${api}"\n${settings}`);
  await writeFile(at('if_inet6'), addresses);
  if (token) await writeFile(at('data/admin-token'), `${token}\n`);
  try {
    const said = await call(
      folder,
      'eval',
      [
        `set -euo pipefail
       cd ..; programs=${at('opt')} data_folder=${at('data')} command_file=${at('none')} node=asked
       asked() { node --import ${join(root, 'node_modules/tsx/dist/esm/index.mjs')} "$@"; }
       addresses_of_ipv6=${at('if_inet6')}; ufw() { :; }; firewall-cmd() { return 1; }
       ${firewall}
       advise`,
      ],
      { HOME: folder },
    );
    expect(said).toMatchObject({ status: 0 });
    expect(authorized).toEqual([]);
    return said.stdout;
  } finally {
    server.close();
  }
}

describe('the token', () => {
  const file = (): string => at('data/admin-token');
  const command = (): string => `${at('opt/twelve')} server:token`;

  it('is the first one where it is there, which is no use of it', async () => {
    const said = await advice('', 'secret');
    expect(said).toContain(`First token: ${file()}, for root alone.`);
    expect(said).toMatch(
      new RegExp(`ssh root@\\S+ cat ${file()} \\| twelve login http://127\\.0\\.0\\.1:5480\n`),
    );
    expect(said).toContain(`remove the first token: rm ${file()}\n`);
  });

  it('is printed by a command where the first one was removed, or is in no backup', async () => {
    const said = await advice('');
    expect(said).toContain(`A token is printed here by: ${command()}.`);
    expect(said).toMatch(
      new RegExp(`ssh root@\\S+ ${command()} \\| twelve login http://127\\.0\\.0\\.1:5480\n`),
    );
    expect(said).not.toContain('admin-token');
  });

  it('is said to be removed, and how another is made, and nothing is where there is none', async () => {
    const advised = () => call(folder, 'eval', [`data_folder=${at('data')}; advise_on_first_token`]);
    expect(await advised()).toMatchObject({ status: 0, stdout: '' });
    await writeFile(file(), 'secret');
    const { status, stdout } = await advised();
    expect(status).toBe(0);
    expect(stdout).toContain(`rm ${file()}\n`);
    expect(stdout).toContain('"twelve server:token" makes another');
    expect(stdout).not.toContain('secret');
  });

  it('is not needed for the fingerprint', async () => {
    const said = await advice('TWELVE_API_TLS="0.0.0.0:5443"\n');
    expect(said).toContain('it shows this fingerprint: AB:CD\n');
  });
});

describe('IPv6', () => {
  const domain = 'TWELVE_DOMAIN="apps.example.com"\nTWELVE_HTTPS="0.0.0.0:443"\nTWELVE_API_TLS="[::]:5443"\n';
  const line = (address: string, scope: string): string => `${address} 02 40 ${scope} 80     eth0\n`;
  const world = line('20010db8000000000000000000000001', '00');

  it('is spoken of where the world reaches the machine by it and nothing listens there', async () => {
    expect(await advice(domain, undefined, world)).toContain(
      "scripts/install --set 'TWELVE_HTTP=[::]:80' --set 'TWELVE_HTTPS=[::]:443'\n",
    );
  });

  it.each([
    ['without a public address', domain, line('fe800000000000000000000000000001', '20')],
    ['with a private one', domain, line('fd000000000000000000000000000001', '00')],
    [
      'where everything listens on it',
      `${domain.replaceAll('0.0.0.0', '[::]')}TWELVE_HTTP="[::]:80"\n`,
      world,
    ],
    ['without a domain', '', world],
  ])('is not, %s', async (_where, settings, addresses) => {
    expect(await advice(settings, undefined, addresses)).not.toContain('IPv6');
  });
});

describe('the firewall', () => {
  const settings = 'TWELVE_HTTPS="[::]:443"\nTWELVE_API_TLS="127.0.0.1:5443"\n';

  it.each([
    ['', 'A firewall in front of this machine has to let in these TCP ports: 80 443.\n'],
    ["ufw() { echo 'Status: active'; }", 'lets visitors in: ufw allow 80/tcp && ufw allow 443/tcp\n'],
    [
      'firewall-cmd() { :; }',
      'firewall-cmd --permanent --add-port=80/tcp --add-port=443/tcp && firewall-cmd --reload\n',
    ],
  ])('%s: what lets in those who are for others than this machine', async (firewall, sentence) => {
    expect(await advice(settings, undefined, '', firewall)).toContain(sentence);
  });

  it.each([
    ['begun after the engine', '', true],
    ['begun before it', 'if [ "$1" = --get-zone-of-interface=docker0 ]; then echo docker; fi', false],
    ['that is off', 'return 252', false],
  ])('firewalld %s: whether an installation begins', async (_which, answer, refused) => {
    await mkdir(at('docker0'));
    const begun = await call(folder, 'eval', [
      `set -e; bridge_of_engine=${at('docker0')}
       firewall-cmd() { if [ "$1" = --state ]; then ${answer || ':'}; return; fi; ${answer || 'return 2'}; }
       refuse_firewall_of_later; echo begun`,
    ]);
    expect(begun).toMatchObject(
      refused
        ? { status: 1, stdout: '', stderr: expect.stringContaining('(systemctl restart docker)') }
        : { status: 0, stdout: 'begun\n' },
    );
  });
});
