// How the host's own package manager reaches Debian: its mirrors and proxies, so that image builds can do the same.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type AptSource, parseDeb822, parseOneLine } from './apt-sources.ts';

export interface HostSources {
  /** Lines of a sources.list for Debian 13; empty when the host has nothing but Debian's own addresses. */
  sources: string;
  /** Lines of an apt.conf that go with them. */
  aptConf: string;
  /** `http_proxy`, `https_proxy`, for programs on the host. */
  proxies: Record<string, string>;
}

const suites =
  /^(?:buster|bullseye|bookworm|trixie|forky|oldstable|stable|testing|sid|unstable)(-updates|-security)?$/;
/** Debian's own archive, which the Debian image uses anyway. */
const ownHost = /(^|\.)debian\.org$/;

/** @param root where etc/apt is; tests give their own */
export async function readHostSources(root = '/'): Promise<HostSources> {
  const found = (await aptFiles(root)).flatMap(({ name, text }) =>
    name.endsWith('.sources') ? parseDeb822(text) : parseOneLine(text),
  );
  const resolved = (await Promise.all(found.map((source) => mirrorFile(root, source)))).flat();
  return { ...forTrixie(resolved), proxies: root === '/' ? await aptProxies() : {} };
}

/** Debian's own archive, as the host reaches it, for Debian 13. Sources of others (docker, postgresql, …) are not taken. */
export function forTrixie(found: readonly AptSource[]): { sources: string; aptConf: string } {
  const lines = new Set<string>();
  const hosts = new Set<string>();
  for (const source of found) {
    const suite = suites.exec(source.suite);
    const url = URL.canParse(source.uri) ? new URL(source.uri) : null;
    if (!suite || !url || !isDebianArchive(source, url)) continue;
    lines.add(`deb ${source.uri} trixie${suite[1] ?? ''} main`);
    hosts.add(url.host);
    if (url.protocol === 'https:') hosts.add(`https:${url.hostname}`);
  }
  const complete = [...lines].some((line) => line.endsWith(' trixie main'));
  const secure = [...hosts].filter((host) => host.startsWith('https:')).map((host) => host.slice(6));
  const onlyOwn = secure.length === 0 && [...hosts].every((host) => ownHost.test(host));
  if (!complete || onlyOwn) return { sources: '', aptConf: '' };
  return { sources: [...lines].join('\n'), aptConf: secure.map(unverified).join('\n') };
}

/**
 * A fresh Debian image has no certificate authorities, and the host's own are not to get into images. Packages are
 * authenticated by Debian's signatures, over https as over the plain http that is Debian's default: nothing is lost.
 */
function unverified(host: string): string {
  return `Acquire::https::${host}::Verify-Peer "false";`;
}

function isDebianArchive(source: AptSource, url: URL): boolean {
  return (
    /^https?:$/.test(url.protocol) &&
    source.components.includes('main') &&
    (source.signedBy === '' || source.signedBy.includes('debian-archive')) &&
    /debian/.test(url.host + url.pathname) &&
    !onLoopback(source.uri) &&
    // A password would stay readable in every image.
    !url.username &&
    !url.password
  );
}

async function aptFiles(root: string): Promise<{ name: string; text: string }[]> {
  const folder = join(root, 'etc/apt/sources.list.d');
  const names = (await readdir(folder).catch(() => [])).filter((name) => /\.(list|sources)$/.test(name));
  const paths = [join(root, 'etc/apt/sources.list'), ...names.sort().map((name) => join(folder, name))];
  return Promise.all(
    paths.map(async (name) => ({ name, text: await readFile(name, 'utf8').catch(() => '') })),
  );
}

/** `mirror+file:/etc/apt/mirrors/debian.list`, as cloud images have it, names a file with one address per line. */
async function mirrorFile(root: string, source: AptSource): Promise<AptSource[]> {
  const path = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(source.uri)?.[1];
  if (!path) return [source];
  const text = await readFile(join(root, path), 'utf8').catch(() => '');
  const addresses = text.split('\n').map((line) => line.trim().split(/\s/)[0]!);
  return addresses.filter((uri) => /^https?:/.test(uri)).map((uri) => ({ ...source, uri }));
}

async function aptProxies(): Promise<Record<string, string>> {
  const run = promisify(execFile);
  const dump = await run('apt-config', ['dump', 'Acquire']).catch(() => ({ stdout: '' }));
  return parseProxies(dump.stdout);
}

/** @param dump what `apt-config dump` prints */
export function parseProxies(dump: string): Record<string, string> {
  const proxies: Record<string, string> = {};
  for (const match of dump.matchAll(/^Acquire::(https?)::proxy "(.+)";$/gim)) {
    if (URL.canParse(match[2]!)) proxies[`${match[1]!.toLowerCase()}_proxy`] = match[2]!;
  }
  return proxies;
}

/** A proxy on the host's loopback (a package cache, often) cannot be reached from a container, which then does without. */
export function forContainers(proxies: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(proxies).filter(([, url]) => !onLoopback(url)));
}

function onLoopback(url: string): boolean {
  return URL.canParse(url) && /^(localhost|127\..*|\[::1\])$/.test(new URL(url).hostname);
}
