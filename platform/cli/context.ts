// Which server, which token, which app a command is about.
import { type Client, createClient } from './client.ts';
import type { World } from './command.ts';
import type { Environment } from './environment.ts';
import { CliError, usageError } from './errors.ts';
import { readLogins } from './login-file.ts';

export const defaultUrl = 'http://127.0.0.1:5480';
export const tokenHint = "On the server's machine, `twelve server:token` prints a token.";

export interface Server {
  url: string;
  token: string | undefined;
  /** PEM, taken at the login. */
  authority: string | undefined;
}

/** `TWELVE_URL` and `TWELVE_TOKEN` come before the stored login; a stored token goes only to its own server. */
export function findServer(env: Environment): Server {
  const logins = readLogins(env.configFolder);
  const url = env.url ? parseUrl(env.url, 'TWELVE_URL') : (logins.current ?? defaultUrl);
  const stored = Object.hasOwn(logins.hosts, url) ? logins.hosts[url] : undefined;
  return { url, token: env.token ?? stored?.token, authority: stored?.authority };
}

/** Where a token came from, for messages. */
export function nameOfToken(env: Pick<Environment, 'token'>, url: string): string {
  return env.token ? 'TWELVE_TOKEN' : `What is stored for ${url}`;
}

/**
 * What HTTP can send, and one line of it; the text itself is a secret and stays out of the message.
 * @param name what it came from, for the message
 */
export function parseToken(text: string, name: string): string {
  if (!/^[\x21-\x7e]+$/.test(text))
    throw usageError(
      `${name} is no token: a token is one word, without spaces, line ends or letters beyond ASCII.\n${tokenHint}`,
    );
  return text;
}

/** File of the authority that vouches for the server to git; undefined where the system's are enough. */
export async function authorityForGit(env: Environment, gitUrl: string): Promise<string | undefined> {
  const { url, authority } = findServer(env);
  if (!authority || new URL(url).host !== new URL(gitUrl).host) return undefined;
  return (await import('./trust.ts')).authorityFile(env.configFolder, url, authority);
}

interface Needs {
  signal: AbortSignal;
  warn(text: string): void;
}

/** @throws CliError when there is no token for the server, or what is there cannot be one */
export function openServer(env: Environment, needs: Needs): Client {
  const server = findServer(env);
  if (!server.token) throw new CliError(notLoggedIn(server.url));
  return clientOf(server, env, needs);
}

export function notLoggedIn(url: string): string {
  return `You are not logged in to ${url}. Log in: twelve login ${url}\n${tokenHint}`;
}

/** For what a server answers without a token too; where there is one it is sent. @throws CliError when that cannot be one */
export function openToAnybody(env: Environment, needs: Needs): Client {
  return clientOf(findServer(env), env, needs);
}

function clientOf({ url, token, authority }: Server, env: Environment, needs: Needs): Client {
  const source = env.token ? 'in TWELVE_TOKEN' : 'stored for it';
  return createClient({
    url,
    token: token ? parseToken(token, nameOfToken(env, url)) : undefined,
    authority,
    ...needs,
    // Also what is before a server may want to know who asks.
    unauthorized: token
      ? `${url} does not accept the token ${source}. Log in again: twelve login ${url}\n${tokenHint}`
      : notLoggedIn(url),
  });
}

/**
 * A server's address as we keep it: `http://127.0.0.1:5480`.
 * @param name what the text came from, for the message
 */
export function parseUrl(text: string, name: string): string {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `${schemeFor(text)}://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || !url.hostname)
    throw usageError(`${name} is "${text}"; it must be an address such as ${defaultUrl}.`);
  if (url.username || url.password)
    throw usageError(`${name} holds a user or password. Give the address alone, and the token when asked.`);
  return url.origin + url.pathname.replace(/\/+$/, '');
}

function schemeFor(text: string): 'http' | 'https' {
  return isLoopback(text.replace(/[:/][^\]]*$/, '')) ? 'http' : 'https';
}

export function isLoopback(host: string): boolean {
  return ['localhost', '[::1]', '::1'].includes(host) || /^127(\.\d+){3}$/.test(host);
}

/** `--app`, `TWELVE_APP`, `--remote`, then the git remote `platform` or the only one that points at our server. */
export async function findApp(
  world: World,
  flags: { app: string | undefined; remote: string | undefined },
): Promise<string> {
  if (flags.app) return flags.app;
  if (!flags.remote && world.env.app) return world.env.app;
  const { url } = findServer(world.env);
  // What starts programs takes a while to load: only where git is asked.
  const { appFromGit } = await import('./app-from-git.ts');
  return await appFromGit(world.cwd, url, flags.remote);
}
