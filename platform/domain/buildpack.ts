// What a user may call a buildpack: a name of ours, a git repository, an archive; and how each is shown and fixed.
import { fetchableUrl, shownUrl } from './address.ts';
import { PlatformError } from './errors.ts';

export type BuildpackReference =
  | { kind: 'name'; name: string }
  /** @property ref branch, tag or commit; null: what its server has as HEAD */
  | { kind: 'git'; url: URL; ref: string | null }
  /** @property ref `sha256:<hex>` that it must have; null: any */
  | { kind: 'archive'; url: URL; ref: string | null };

/** A reference as it is kept: what it was resolved to when it was set. */
export interface PinnedBuildpack {
  /** With a login or a signature, if its URL has one: shown nowhere. */
  reference: string;
  /** Commit, or `sha256:<hex>` of an archive; null for ours, which come with the platform. */
  pin: string | null;
}

/** What is asked of somebody else's repository: which commit a name means now. */
export interface RemoteRef {
  url: URL;
  /** Branch, tag or commit; null: what its server has as HEAD. */
  ref: string | null;
  signal: AbortSignal;
}

/** And the files of a commit. */
export interface RemoteTree {
  url: URL;
  commit: string;
  /** An empty folder. */
  into: string;
  /** Fetched, and once more as files. */
  maxBytes: number;
  signal: AbortSignal;
  note?: ((line: string) => void) | undefined;
}

/** More than anybody uses, and little enough for a list to be read. */
export const maxBuildpacks = 50;
const maxLength = 2000;

/** @throws PlatformError `invalid_params`, a sentence that shows no password */
export function parseBuildpackReference(text: string): BuildpackReference {
  const given = text.trim();
  const refuse = (why: string): PlatformError => new PlatformError('invalid_params', why);
  if (given === '') throw refuse('A buildpack needs a name or an https:// URL.');
  if (given.length > maxLength) throw refuse(`A buildpack's URL may have ${maxLength} characters.`);
  const known = nameIn(given);
  if (known !== null) return { kind: 'name', name: known };
  const [address = '', ...rest] = given.split('#');
  const ref = rest.length > 0 ? rest.join('#') : null;
  const url = fetchableUrl(address);
  if (/\.(tgz|tar\.gz)$/.test(url.pathname)) return { kind: 'archive', url, ref: checksum(ref, refuse) };
  if (url.search) throw refuse('Its URL has a query, which git cannot use.');
  if (ref !== null && !isRef(ref))
    throw refuse(`"${ref.slice(0, 60)}" is not the name of a branch, a tag or a commit.`);
  return { kind: 'git', url, ref };
}

/** Clients of Heroku's make a URN of a name. */
function nameIn(text: string): string | null {
  const named = /^urn:buildpack:([\w-]+(?:\/[\w-]+)?)$/.exec(text)?.[1];
  if (named !== undefined) return named;
  return /^[\w.-]+(\/[\w.-]+)?(#.*)?$/.test(text) && !/^\.{0,2}\/|^\.+$/.test(text) ? text : null;
}

function checksum(ref: string | null, refuse: (why: string) => PlatformError): string | null {
  if (ref === null) return null;
  const hex = /^(?:sha256[:=])?([0-9a-f]{64})$/i.exec(ref)?.[1];
  if (hex) return `sha256:${hex.toLowerCase()}`;
  throw refuse("After an archive's # comes the SHA-256 that it must have: #sha256:<64 hex digits>.");
}

/** As git has it, but for what no branch is called in practice. */
function isRef(ref: string): boolean {
  return /^[\w][\w./@+-]{0,199}$/.test(ref) && !/\.\.|\/\/|\/$|\.lock$|@\{/.test(ref);
}

/** For people, and what tells two apart in a list: without login and query. */
export function shownReference(reference: BuildpackReference): string {
  if (reference.kind === 'name') return reference.name;
  return `${shownUrl(reference.url)}${reference.ref === null ? '' : `#${reference.ref}`}`;
}

/** The whole of it, secrets too: what `parseBuildpackReference` reads again. */
export function wholeReference(reference: BuildpackReference): string {
  if (reference.kind === 'name') return reference.name;
  return `${reference.url.href}${reference.ref === null ? '' : `#${reference.ref}`}`;
}

/** `0123456789`, `sha256:0123456789`: enough to recognise one by. */
export function shortPin(pin: string): string {
  return pin.startsWith('sha256:') ? pin.slice(0, 17) : pin.slice(0, 10);
}

/** A commit written in full: nothing has to be asked for. */
export function isCommit(ref: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(ref);
}
