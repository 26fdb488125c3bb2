// login, logout, whoami: which server commands go to, and as whom.
import { readFileSync } from 'node:fs';
import { createClient } from '../client.ts';
import { type Call, type Command, jsonFlag } from '../command.ts';
import { defaultUrl, findServer, isLoopback, parseToken, parseUrl, tokenHint } from '../context.ts';
import { CliError } from '../errors.ts';
import { readLogins, writeLogins } from '../login-file.ts';
import { askHidden, readAll } from '../prompt.ts';
import type { Account } from '../v3.ts';

const login: Command = {
  name: 'login',
  aliases: ['auth:login'],
  usage: 'login [url]',
  summary: 'log in to a server with a token',
  example: `twelve login ${defaultUrl}`,
  flags: {
    'token-file': {
      type: 'string',
      help: 'file that holds the token; otherwise it is asked for, or read from standard input',
    },
    ca: { type: 'string', help: "file with the certificate of the server's own authority (see: twelve ca)" },
  },
  async run(call) {
    const { env } = call.world;
    const url = call.words[0] ? parseUrl(call.words[0], 'The URL') : findServer(env).url;
    if (url.startsWith('http:') && !isLoopback(new URL(url).hostname))
      call.out.warn(`${url} is not encrypted: whoever is on the way can read the token.`);
    const logins = readLogins(env.configFolder);
    const authority = await authorityOf(call, url, logins.hosts[url]?.authority);
    const token = await readToken(call, url);
    const account = await createClient({
      url,
      token,
      authority,
      signal: call.signal,
      warn: call.out.warn,
      unauthorized: `${url} does not accept this token.\n${tokenHint}`,
    }).get<Account>('/account');
    logins.hosts[url] = { token, email: account.email, ...(authority ? { authority } : {}) };
    writeLogins(env.configFolder, { ...logins, current: url });
    // Repositories that were connected before go on with the one that is believed now.
    if (authority) (await import('../trust.ts')).authorityFile(env.configFolder, url, authority);
    call.out.line(`Logged in to ${url} as ${account.email}`);
    if (env.token || (env.url && parseUrl(env.url, 'TWELVE_URL') !== url))
      call.out.warn('TWELVE_URL or TWELVE_TOKEN is set and comes before this login.');
  },
};

/** TLS takes a while to load, and most servers are reached over loopback. */
async function authorityOf(call: Call, url: string, known: string | undefined): Promise<string | undefined> {
  if (!url.startsWith('https:')) return undefined;
  return (await import('../trust.ts')).authorityFor(call, url, known);
}

/** From a file, a pipe, or the keyboard; never from the command line, where `ps` shows it. */
async function readToken(call: Call, url: string): Promise<string> {
  const file = call.text('token-file');
  let text: string;
  if (file) text = readTokenFile(file);
  else if (call.world.stdin.isTTY) {
    call.out.notice(tokenHint);
    text = await askHidden(call.world, `Token for ${url}: `);
  } else text = await readAll(call.world.stdin);
  const token = text.trim();
  if (!token) throw new CliError(`No token was given.\n${tokenHint}`);
  return parseToken(token, 'That');
}

function readTokenFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CliError(`The token file cannot be read: ${(error as Error).message}`);
  }
}

const logout: Command = {
  name: 'logout',
  aliases: ['auth:logout'],
  usage: 'logout',
  summary: 'forget the stored token of the server',
  example: 'twelve logout',
  flags: {},
  async run(call) {
    const { env } = call.world;
    const { url } = findServer(env);
    const logins = readLogins(env.configFolder);
    if (!Object.hasOwn(logins.hosts, url)) throw new CliError(`You are not logged in to ${url}.`);
    const { [url]: _, ...hosts } = logins.hosts;
    writeLogins(env.configFolder, { current: logins.current === url ? null : logins.current, hosts });
    call.out.line(`Logged out of ${url}`);
    const others = Object.keys(hosts);
    if (others.length > 0) call.out.notice(`Tokens of other servers are kept: ${others.join(', ')}`);
  },
};

const whoami: Command = {
  name: 'whoami',
  aliases: ['auth:whoami'],
  usage: 'whoami',
  summary: 'show as whom you are logged in',
  example: 'twelve whoami',
  flags: jsonFlag,
  async run(call) {
    const account = await call.api().get<Account>('/account');
    if (call.on('json')) call.out.json(account);
    else call.out.line(account.email);
  },
};

export const commands: readonly Command[] = [login, logout, whoami];
