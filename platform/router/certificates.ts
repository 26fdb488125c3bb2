// The certificates HAProxy serves: as files for its next start, and told to the one that runs, which no connection notices.
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PlatformError } from '../domain/errors.ts';
import type { Runtime } from './runtime.ts';

export interface RouterCertificate {
  /** Chain and private key; no empty lines. */
  pem: string;
  /** `www.example.com`, `*.example.com`; the names of visitors who get it. */
  hosts: readonly string[];
}

export interface RouterCertificates {
  /** For whoever names another host, or none. */
  fallback: string;
  entries: readonly RouterCertificate[];
}

/** Where the files are in HAProxy's container. */
const inside = '/router/certificates';
export const certificateList = `${inside}/list`;
const fallbackName = 'default.pem';

/** Of one line in HAProxy's list, and of a command to it. */
const mostHostBytes = 8_000;

/**
 * File name → what it is for. A name says all that is in it: an entry is never changed, another takes its place.
 * @returns entries with as many hosts as a line holds
 */
export function filesOf(entries: readonly RouterCertificate[]): Map<string, RouterCertificate> {
  const files = new Map<string, RouterCertificate>();
  for (const { pem, hosts } of entries)
    for (const part of partsOf([...hosts].sort())) {
      const hash = createHash('sha256')
        .update(`${pem}\n${part.join(' ')}`)
        .digest('hex')
        .slice(0, 32);
      files.set(`${hash}.pem`, { pem, hosts: part });
    }
  return files;
}

function partsOf(hosts: readonly string[]): string[][] {
  const parts: string[][] = [];
  let bytes = mostHostBytes;
  for (const host of hosts) {
    bytes += host.length + 1;
    if (bytes > mostHostBytes) {
      parts.push([]);
      bytes = host.length + 1;
    }
    parts.at(-1)!.push(host);
  }
  return parts;
}

/** HAProxy's crt-list; its first line is what it serves when no other fits. */
function listText(files: ReadonlyMap<string, RouterCertificate>): string {
  const lines = [...files].map(([name, { hosts }]) => `${inside}/${name} ${hosts.join(' ')}\n`);
  return `${inside}/${fallbackName}\n${lines.join('')}`;
}

/** `show ssl crt-list LIST` → names of files, without the first one's. */
function parseList(text: string): Set<string> {
  const names = [...text.matchAll(/^\/router\/certificates\/([0-9a-f]{32}\.pem)(?:\s|$)/gm)];
  return new Set(names.map((match) => match[1]!));
}

export interface CertificateKeeper {
  want(wanted: RouterCertificates): void;
  /** All that HAProxy reads at its start. */
  write(): Promise<void>;
  /** What HAProxy and the folder hold has to be looked at: it is another one, or unsure. */
  forget(): void;
  /** HAProxy serves what is wanted. What it refuses is told, and keeps nothing else back. */
  converge(): Promise<void>;
}

export function createCertificates(needs: {
  /** The router's folder as we see it. */
  folder: string;
  runtime: Pick<Runtime, 'ask'>;
  onProblem(message: string): void;
}): CertificateKeeper {
  const { runtime } = needs;
  const folder = join(needs.folder, 'certificates');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let wanted: { fallback: string; files: Map<string, RouterCertificate> } | undefined;
  /** Names of files; the default's content under its own. */
  let held: { names: Set<string>; fallback: string } | undefined;
  /** What is in the folder, as far as we know. */
  let written: typeof wanted;

  async function put(name: string, text: string, flush = false): Promise<void> {
    const path = join(folder, name);
    await writeFile(`${path}.new`, text, { mode: 0o600, flush });
    await rename(`${path}.new`, path);
  }

  /** @throws PlatformError with HAProxy's words; the command is not shown, since it may hold a key */
  async function tell(command: string, good: RegExp): Promise<void> {
    const answer = (await runtime.ask(command)).trim();
    if (good.test(answer)) return;
    const said = answer.replaceAll(/\s+/g, ' ').slice(0, 300);
    throw new PlatformError(
      'service_unavailable',
      `The router answered "${said}" to "${command.split('\n', 1)[0]!.slice(0, 150)}".`,
    );
  }

  async function setContent(path: string, pem: string): Promise<void> {
    await tell(`set ssl cert ${path} <<\n${pem.trim()}\n`, /^Transaction (created|updated)/);
    try {
      await tell(`commit ssl cert ${path}`, /Success!$/);
    } catch (error) {
      await runtime.ask(`abort ssl cert ${path}`).catch(() => '');
      throw error;
    }
  }

  async function add(name: string, { pem, hosts }: RouterCertificate): Promise<void> {
    const path = `${inside}/${name}`;
    // It may be there from an attempt that failed half-way.
    await tell(`new ssl cert ${path}`, /^New empty|already exists/);
    await setContent(path, pem);
    await tell(`add ssl crt-list ${certificateList} <<\n${path} ${hosts.join(' ')}\n`, /Success!$/);
  }

  async function remove(name: string): Promise<void> {
    const path = `${inside}/${name}`;
    await tell(`del ssl crt-list ${certificateList} ${path}`, /Success|deleted|not found|does not exist/i);
    await tell(`del ssl cert ${path}`, /deleted|doesn't exist|not exist/i);
  }

  async function ask(): Promise<NonNullable<typeof held>> {
    const names = parseList(await runtime.ask(`show ssl crt-list ${certificateList}`));
    const shown = await runtime.ask(`show ssl cert ${inside}/${fallbackName}`);
    const fingerprint = /^SHA1 FingerPrint: ([0-9A-F]+)$/m.exec(shown)?.[1];
    const same = wanted !== undefined && fingerprint === sha1(wanted.fallback);
    return { names, fallback: same ? wanted!.fallback : '' };
  }

  async function attempt(work: () => Promise<void>): Promise<void> {
    await work().catch((error: unknown) => {
      held = undefined;
      needs.onProblem(`A certificate is not served as it should be. ${messageOf(error)}`);
    });
  }

  return {
    want({ fallback, entries }) {
      wanted = { fallback, files: filesOf(entries) };
    },
    async write() {
      if (!wanted || wanted === written) return;
      const now = wanted;
      const { fallback, files } = now;
      // It is not written again: HAProxy would not start with what a machine that fell left of it.
      for (const [name, { pem }] of files)
        if (!existsSync(join(folder, name))) await put(name, `${pem.trim()}\n`, true);
      await put(fallbackName, `${fallback.trim()}\n`);
      await put('list', listText(files));
      for (const name of readdirSync(folder))
        if (name !== 'list' && name !== fallbackName && !files.has(name)) rmSync(join(folder, name));
      written = now;
    },
    forget() {
      held = undefined;
      written = undefined;
    },
    async converge() {
      if (!wanted) return;
      const { fallback, files } = wanted;
      const now = held ?? (await ask());
      const added = [...files].filter(([name]) => !now.names.has(name));
      const gone = [...now.names].filter((name) => !files.has(name));
      held = { names: new Set(files.keys()), fallback };
      if (now.fallback !== fallback) await attempt(() => setContent(`${inside}/${fallbackName}`, fallback));
      for (const [name, entry] of added) await attempt(() => add(name, entry));
      for (const name of gone) await attempt(() => remove(name));
    },
  };
}

function sha1(pem: string): string {
  return new X509Certificate(pem).fingerprint.replaceAll(':', '');
}
