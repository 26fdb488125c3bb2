// git:remote connects a repository to an app; git:credentials is what git runs to get the token.
import { appPath, type Command } from '../command.ts';
import { authorityForGit, findServer, nameOfToken, notLoggedIn, parseToken, tokenHint } from '../context.ts';
import type { Environment } from '../environment.ts';
import { CliError, usageError } from '../errors.ts';
import {
  configureCredentials,
  credentialHelper,
  isRepository,
  remoteName,
  setRemote,
} from '../git-remote.ts';
import { readLogins } from '../login-file.ts';
import { readAll } from '../prompt.ts';
import type { App } from '../v3.ts';

const remote: Command = {
  name: 'git:remote',
  usage: 'git:remote',
  summary: 'connect the git repository here to an app',
  example: 'twelve git:remote -a hello',
  flags: {
    app: { type: 'string', short: 'a', help: 'the app; otherwise TWELVE_APP' },
    remote: { type: 'string', short: 'r', help: `name of the remote (default: ${remoteName})` },
  },
  async run(call) {
    const { cwd, env } = call.world;
    if (!(await isRepository(cwd))) throw new CliError('There is no git repository here. Make one: git init');
    const wanted = call.text('app') ?? env.app;
    if (!wanted) throw usageError(`Which app? Example: ${remote.example}`);
    const app = await call.api().get<App>(appPath(wanted));
    const name = call.text('remote') ?? remoteName;
    const authority = await authorityForGit(env, app.git_url);
    await configureCredentials(cwd, app.git_url, credentialHelper(process.argv[1]!), authority);
    await setRemote(cwd, name, app.git_url);
    call.out.line(`Git remote ${name} set to ${app.git_url}`);
  },
};

const credentials: Command = {
  name: 'git:credentials',
  usage: 'git:credentials <operation>',
  summary: "git's credential helper: get, store, erase",
  example: 'git config credential.http://127.0.0.1:5480.helper "!twelve git:credentials"',
  hidden: true,
  flags: {},
  async run(call) {
    const asked = parseQuestion(await readAll(call.world.stdin));
    const [operation] = call.words;
    // Nothing to store: the token is ours already. Git asks for erasure when the server refused it.
    if (operation === 'store') return;
    if (operation === 'erase')
      return call.out.notice(
        `The server refused the token. Log in again: twelve login ${asked}\n${tokenHint}`,
      );
    if (operation !== 'get') return;
    try {
      const token = tokenFor(call.world.env, asked);
      if (token) return call.out.line(`username=twelve\npassword=${token}`);
      call.out.notice(notLoggedIn(asked));
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      call.out.notice(error.message);
    }
    // Without it git would ask for a user name, which nobody has.
    call.out.line('quit=1');
  },
};

/** `protocol=http`, `host=127.0.0.1:5480` → `http://127.0.0.1:5480` */
function parseQuestion(text: string): string {
  const facts = new Map(
    text.split('\n').map((line) => [line.split('=', 1)[0]!, line.slice(line.indexOf('=') + 1)] as const),
  );
  return `${facts.get('protocol') ?? ''}://${facts.get('host') ?? ''}`;
}

/**
 * A token goes to the server it is for, and to no other.
 * @throws CliError when it cannot be one: what has a line's end in it would be more than one answer
 */
function tokenFor(env: Environment, origin: string): string | undefined {
  const server = findServer(env);
  if (new URL(server.url).origin === origin)
    return server.token && parseToken(server.token, nameOfToken(env, origin));
  const { hosts } = readLogins(env.configFolder);
  const stored = Object.entries(hosts).find(([url]) => URL.canParse(url) && new URL(url).origin === origin);
  return stored && parseToken(stored[1].token, nameOfToken({ token: undefined }, origin));
}

export const commands: readonly Command[] = [remote, credentials];
