// certs: certificates for the names by which visitors reach an app, or for all apps; ca: the platform's own authority.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { appFlags, appPath, type Call, type Command, type Flag, jsonFlag } from '../command.ts';
import { openToAnybody } from '../context.ts';
import { CliError, usageError } from '../errors.ts';
import type { SniEndpoint } from '../v3.ts';

const serverFlag: Readonly<Record<string, Flag>> = {
  server: {
    type: 'boolean',
    help: "the server's own, for every app whose names are in it (a wildcard, for example)",
  },
};

export interface Owner {
  /** Before what it has in the API. */
  path: string;
  /** As in `Adding the certificate to hello`. */
  name: string;
}

export async function ownerOf(call: Call): Promise<Owner> {
  if (call.on('server')) return { path: '', name: 'the server' };
  const app = await call.app();
  return { path: appPath(app), name: app };
}

const endpoints = ({ path }: Owner, name?: string): string =>
  `${path}/sni-endpoints${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;

const list: Command = {
  name: 'certs',
  usage: 'certs',
  summary: 'list the certificates that were added to an app',
  example: 'twelve certs -a hello',
  flags: { ...appFlags, ...serverFlag, ...jsonFlag },
  async run(call) {
    const owner = await ownerOf(call);
    const certificates = await call.api().list<SniEndpoint>(endpoints(owner));
    if (call.on('json')) return call.out.json(certificates);
    if (certificates.length === 0) return call.out.line(`${sentence(owner.name)} has no certificates.`);
    call.out.table([
      ['Name', 'Common Name(s)', 'Expires', 'Trusted', 'Type'],
      ...certificates.map(({ name: own, ssl_cert: cert }) => [
        own,
        cert.cert_domains.join(', '),
        `${day(cert.expires_at)}${cert.valid ? '' : ' (expired)'}`,
        cert['self_signed?'] ? 'False' : 'True',
        'SNI',
      ]),
    ]);
  },
};

const add: Command = {
  name: 'certs:add',
  usage: 'certs:add <crt> <key>',
  summary: "add a certificate (PEM: the host's first, then the chain) and its private key",
  example: 'twelve certs:add server.crt server.key -a hello',
  flags: { ...appFlags, ...serverFlag, ...jsonFlag },
  async run(call) {
    const [crt, key] = call.words as [string, string];
    const body = { certificate_chain: read(call, crt), private_key: read(call, key) };
    const owner = await ownerOf(call);
    const added = await call.out.during(`Adding the certificate to ${owner.name}`, () =>
      call.api().send<SniEndpoint>('POST', endpoints(owner), body),
    );
    if (call.on('json')) return call.out.json(added);
    details(call, added);
    if (added.domains.length === 0)
      call.out.warn(
        `No app's name is in it, so nobody gets it yet. Its names: ${added.ssl_cert.cert_domains.join(', ')}. Add one: twelve domains:add ${added.ssl_cert.cert_domains[0]}`,
      );
  },
};

const info: Command = {
  name: 'certs:info',
  usage: 'certs:info <name>',
  summary: 'show a certificate: its names, issuer and dates, and who is served with it',
  example: 'twelve certs:info cert-0a1b2c3d -a hello',
  flags: { ...appFlags, ...serverFlag, ...jsonFlag },
  async run(call) {
    const owner = await ownerOf(call);
    const one = await call.api().get<SniEndpoint>(endpoints(owner, call.words[0]!));
    if (call.on('json')) return call.out.json(one);
    details(call, one);
  },
};

const remove: Command = {
  name: 'certs:remove',
  usage: 'certs:remove <name>',
  summary: 'remove a certificate; its names are served with the next best one',
  example: 'twelve certs:remove cert-0a1b2c3d -a hello',
  flags: { ...appFlags, ...serverFlag },
  async run(call) {
    const owner = await ownerOf(call);
    await call.out.during(`Removing the certificate ${call.words[0]} from ${owner.name}`, () =>
      call.api().send('DELETE', endpoints(owner, call.words[0]!)),
    );
  },
};

const redirect: Command = {
  name: 'https:redirect',
  usage: 'https:redirect <on|off>',
  summary: 'send visitors of an app who come over plain HTTP to HTTPS',
  example: 'twelve https:redirect on -a hello',
  flags: appFlags,
  async run(call) {
    const [wanted] = call.words;
    if (wanted !== 'on' && wanted !== 'off')
      throw usageError(`"${wanted}" is neither on nor off. Example: ${redirect.example}`);
    const app = await call.app();
    await call.out.during(`Turning the redirect to HTTPS ${wanted} for ${app}`, () =>
      call.api().send('PATCH', appPath(app), { https_redirect: wanted === 'on' }),
    );
  },
};

const authority: Command = {
  name: 'ca',
  usage: 'ca',
  summary: "print the certificate of the platform's own authority, for those who are to trust it",
  example: 'twelve ca > twelve-ca.pem',
  flags: { fingerprint: { type: 'boolean', help: 'its SHA-256 fingerprint instead' }, ...jsonFlag },
  async run(call) {
    // Needed before a login, and on the server perhaps nobody ever logs in.
    const server = openToAnybody(call.world.env, { signal: call.signal, warn: call.out.warn });
    const found = await server.get<{ certificate: string; fingerprint: string }>('/certificate-authority');
    if (call.on('json')) return call.out.json(found);
    call.out.line(call.on('fingerprint') ? found.fingerprint : found.certificate.trim());
  },
};

function details({ out }: Call, { name, domains, ssl_cert: cert }: SniEndpoint): void {
  out.heading(name);
  out.table([
    ['Names:', cert.cert_domains.join(', ')],
    ['Serves:', domains.join(', ') || 'nobody'],
    ['Subject:', cert.subject],
    ['Issuer:', `${cert.issuer}${cert['self_signed?'] ? ' (it signed itself: browsers warn)' : ''}`],
    ['Starts At:', cert.starts_at],
    ['Expires At:', `${cert.expires_at}${cert.valid ? '' : ' (expired)'}`],
    ['SHA-256:', cert.fingerprint],
  ]);
}

function day(time: string): string {
  return time.slice(0, 10);
}

function sentence(name: string): string {
  return name.replace(/^the /, 'The ');
}

function read(call: Call, file: string): string {
  try {
    return readFileSync(resolve(call.world.cwd, file), 'utf8');
  } catch (error) {
    throw new CliError(
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}).`,
    );
  }
}

export const commands: readonly Command[] = [list, add, info, remove, redirect, authority];
