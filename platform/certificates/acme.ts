// Certificates from an authority that speaks ACME (RFC 8555), by HTTP-01. Its question is answered by the router, without us.
import { createHash, createPublicKey, generateKeyPairSync, type webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { rootCertificates } from 'node:tls';
import type { Client } from 'acme-client';
import { messageOf } from '../domain/errors.ts';

export interface AcmeSettings {
  directory: string;
  email: string;
  /** PEM file of an authority that vouches for the directory, besides those the system knows. */
  caFile: string | null;
}

export interface Orders {
  /** @throws Error with the authority's words; AskedToWait when it is too much for it */
  order(host: string): Promise<{ chain: string; key: string }>;
}

/** Too much for the authority, with how long to wait; 0: it did not say. */
export class AskedToWait extends Error {
  readonly retryAfterMs: number;
  constructor(message: string, retryAfterMs: number) {
    super(message);
    this.name = 'AskedToWait';
    this.retryAfterMs = retryAfterMs;
  }
}

const requestMs = 30_000;
/** Of one order: what is asked for in between is looked at so often. */
const looks = { backoffAttempts: 12, backoffMin: 500, backoffMax: 10_000 };

export function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

/** Of the account's public key (RFC 7638): with it anybody can answer a challenge, and nobody can make an order. */
export function thumbprintOf(accountKey: string): string {
  const { crv, kty, x, y } = createPublicKey(accountKey).export({ format: 'jwk' }) as webcrypto.JsonWebKey;
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

export function createOrders(settings: AcmeSettings, accountKey: string): Orders {
  let account: Promise<Client> | undefined;
  return {
    async order(host) {
      account ??= openAccount(settings, accountKey);
      try {
        return await orderOne(await account, host);
      } catch (error) {
        // The account may be what it failed at.
        account = undefined;
        throw error;
      }
    },
  };
}

/** The library is large, and most servers order seldom. */
async function openAccount(settings: AcmeSettings, accountKey: string): Promise<Client> {
  const acme = (await import('acme-client')).default;
  const ca =
    settings.caFile === null ? {} : { ca: [...rootCertificates, readFileSync(settings.caFile, 'utf8')] };
  acme.axios.defaults.httpsAgent = new Agent({ ...ca, keepAlive: false });
  acme.axios.defaults.timeout = requestMs;
  // Its own way of trying again waits as long as it is told, and forgets what a broken connection said.
  acme.axios.interceptors.response.clear();
  acme.axios.interceptors.response.use(null, passOn);
  const client = new acme.Client({ directoryUrl: settings.directory, accountKey, ...looks });
  await client.createAccount({ termsOfServiceAgreed: true, contact: [`mailto:${settings.email}`] });
  return client;
}

/** Answers of all kinds come here, since the library judges them itself. */
function passOn(error: unknown): unknown {
  const { response, config } = error as {
    response?: { status: number; headers: Record<string, unknown>; data?: { detail?: string } };
    config?: { url?: string };
  };
  const where = config?.url && URL.canParse(config.url) ? new URL(config.url).host : 'The authority';
  if (!response) throw new Error(`${where} does not answer (${messageOf(error)}).`);
  if (response.status !== 429 && response.status < 500) return response;
  const said = response.data?.detail ?? `${where} answered with status ${response.status}.`;
  const waitMs = waitOf(response.headers['retry-after']);
  throw response.status === 429 || waitMs > 0 ? new AskedToWait(said, waitMs) : new Error(said);
}

/** Seconds or a date. */
export function waitOf(retryAfter: unknown, now = Date.now()): number {
  const text = String(retryAfter ?? '');
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.max(ms, 0) : 0;
}

async function orderOne(client: Client, host: string): Promise<{ chain: string; key: string }> {
  const acme = (await import('acme-client')).default;
  const key = newPrivateKey();
  const order = await client.createOrder({ identifiers: [{ type: 'dns', value: host }] });
  for (const authorization of await client.getAuthorizations(order)) {
    if (authorization.status === 'valid') continue;
    const challenge = authorization.challenges.find(({ type }) => type === 'http-01');
    if (!challenge) throw new Error(`The authority offers no HTTP-01 for ${host}.`);
    await client.completeChallenge(challenge);
    await client.waitForValidStatus(challenge);
  }
  const [, request] = await acme.crypto.createCsr({ altNames: [host] }, key);
  const final = await client.finalizeOrder(order, request);
  return { chain: await client.getCertificate(final), key };
}
