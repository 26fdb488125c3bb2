// Whom an https server is believed to be: by the authorities that the system knows, or one that the user was shown and took.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import {
  connect,
  createSecureContext,
  type DetailedPeerCertificate,
  rootCertificates,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import type { Call } from './command.ts';
import { CliError } from './errors.ts';
import { writeWhole } from './login-file.ts';
import { ask } from './prompt.ts';
import { outOfTime } from './unreachable.ts';

const patienceMs = 15_000;

/** What a connection needs to believe others than the system does. */
export interface Trust {
  /** Counts. */
  secureContext?: SecureContext;
  /** By this alone Node tells apart the connections that it keeps open. */
  ca?: string;
}

/** More than a hundred certificates are read for each: too many for every connection. */
const contexts = new Map<string, SecureContext>();

/** An authority besides those the system knows. */
export function believing(authority: string | undefined): Trust {
  if (authority === undefined) return {};
  const secureContext =
    contexts.get(authority) ?? createSecureContext({ ca: [...rootCertificates, authority] });
  contexts.set(authority, secureContext);
  return { secureContext, ca: authority };
}

/**
 * Before a token is sent anywhere, to an https server. Shows the fingerprint of an authority that nobody here knows yet, and asks.
 * @param known of an earlier login
 * @returns PEM of the authority to believe from now on; undefined: the system's are enough
 * @throws CliError when the server is not to be believed
 */
export async function authorityFor(
  call: Call,
  url: string,
  known: string | undefined,
): Promise<string | undefined> {
  const server = new URL(url);
  const file = call.text('ca');
  const given = file === undefined ? undefined : readAuthority(call, file);
  if (given) return given;
  if (await isBelieved(server, undefined)) return undefined;
  if (known && (await isBelieved(server, known))) return known;
  const shown = await shownAuthority(server);
  if (!shown || !(await isBelieved(server, shown.pem)))
    throw new CliError(
      `${url} has a certificate that nothing here vouches for${shown ? ', and that is not made for this name' : ''}. If it has an authority of its own, give its certificate: twelve login ${url} --ca FILE`,
    );
  return await confirmed(call, url, shown, known !== undefined);
}

interface Shown {
  pem: string;
  subject: string;
  fingerprint: string;
}

async function confirmed(call: Call, url: string, shown: Shown, changed: boolean): Promise<string> {
  const { out } = call;
  if (changed) out.warn(`${url} has another authority than at the last login. Somebody may be in between.`);
  if (!call.world.stdin.isTTY)
    throw new CliError(
      `${url} has a certificate of an authority of its own, which is not known here. Its SHA-256 fingerprint is\n${shown.fingerprint}\nOn the server's machine, "twelve ca" prints its certificate. Give it: twelve login ${url} --ca FILE`,
    );
  out.notice(`${url} has a certificate of an authority of its own: ${shown.subject}`);
  out.notice(`Its SHA-256 fingerprint: ${shown.fingerprint}`);
  out.notice("On the server's machine, `twelve ca --fingerprint` prints the true one.");
  const answer = await ask(call.world, 'Are they the same? (yes or no) ');
  if (answer.trim().toLowerCase() !== 'yes') throw new CliError('It is not believed, and no token was sent.');
  return shown.pem;
}

function readAuthority(call: Call, file: string): string {
  let text: string;
  try {
    text = readFileSync(resolve(call.world.cwd, file), 'utf8');
  } catch (error) {
    throw new CliError(`The file of --ca cannot be read: ${(error as Error).message}`);
  }
  try {
    return new X509Certificate(text).toString().trim();
  } catch {
    throw new CliError(`${file} holds no certificate (PEM). On the server's machine: twelve ca > ${file}`);
  }
}

/**
 * @returns false when it shows a certificate that is not to be believed
 * @throws CliError when it does not answer, or its certificate is out of its time, whoever vouches for it
 */
async function isBelieved(server: URL, authority: string | undefined): Promise<boolean> {
  try {
    (await handshake(server, { ...believing(authority), rejectUnauthorized: true })).destroy();
    return true;
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const late = outOfTime(server.origin, code);
    if (late) throw late;
    if (/CERT|SELF_SIGNED|UNABLE_TO|ALTNAME|ISSUER/.test(code)) return false;
    throw new CliError(
      `Twelve's server at ${server.origin} does not answer over TLS (${message}). Is it running?`,
    );
  }
}

/** The authority at the end of the chain that the server shows, if it is there. */
async function shownAuthority(server: URL): Promise<Shown | undefined> {
  const socket = await handshake(server, { rejectUnauthorized: false });
  let one: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  socket.destroy();
  while (one?.issuerCertificate && one.issuerCertificate !== one) one = one.issuerCertificate;
  if (!one?.raw) return undefined;
  const certificate = new X509Certificate(one.raw);
  if (!certificate.ca || !certificate.verify(certificate.publicKey)) return undefined;
  return {
    pem: certificate.toString().trim(),
    subject: certificate.subject.replaceAll('\n', ', '),
    fingerprint: certificate.fingerprint256,
  };
}

function handshake(server: URL, options: Trust & { rejectUnauthorized: boolean }): Promise<TLSSocket> {
  const host = server.hostname.replace(/^\[(.*)\]$/, '$1');
  return new Promise((settle, reject) => {
    const socket = connect({
      host,
      port: Number(server.port) || 443,
      ...(isIP(host) ? {} : { servername: host }),
      ...options,
    });
    socket.setTimeout(patienceMs, () => socket.destroy(new Error('no answer for 15 s')));
    socket.once('secureConnect', () => settle(socket));
    socket.once('error', reject);
  });
}

/** For programs that want a file, and take it in place of the system's: git. @returns its path */
export function authorityFile(configFolder: string, url: string, authority: string): string {
  const name = new URL(url).host.replaceAll(/[^a-z0-9.-]/gi, '_');
  const path = join(configFolder, 'authorities', `${name}.pem`);
  // Whole or not at all: git may be reading it.
  writeWhole(path, `${[authority, ...rootCertificates].join('\n')}\n`);
  return path;
}
