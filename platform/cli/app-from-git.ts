// Which app a repository belongs to, by the git remotes that it has.
import { CliError } from './errors.ts';
import { appOfRemote, listRemotes, type Remote, remoteName } from './git-remote.ts';

/**
 * @param url of our server
 * @param remote the one to go by; else `platform`, or the only one that points there
 * @throws CliError when it is not clear which
 */
export async function appFromGit(cwd: string, url: string, remote: string | undefined): Promise<string> {
  const remotes = await listRemotes(cwd);
  const wanted = remote ?? remoteName;
  const named = remotes.find(({ name }) => name === wanted);
  if (named) {
    const app = appOfRemote(named.url, url);
    if (app) return app;
    if (remote || remotes.every((one) => !appOfRemote(one.url, url))) {
      throw new CliError(
        `The git remote ${named.name} points at ${withoutSecret(named.url)}, which is not an app on ${url}. Name the app: -a <app>`,
      );
    }
  } else if (remote) {
    throw new CliError(`There is no git remote "${remote}" here. Name the app: -a <app>`);
  }
  return onlyOne(remotes, url);
}

function onlyOne(remotes: readonly Remote[], url: string): string {
  const ours = remotes.flatMap((remote) => {
    const app = appOfRemote(remote.url, url);
    return app ? [{ remote: remote.name, app }] : [];
  });
  const [first] = ours;
  if (!first) {
    throw new CliError(
      `Which app? Name it with -a <app> or TWELVE_APP, or connect this repository to it: twelve git:remote -a <app>`,
      2,
    );
  }
  if (new Set(ours.map(({ app }) => app)).size === 1) return first.app;
  const list = ours.map(({ remote, app }) => `${remote} (${app})`).join(', ');
  throw new CliError(
    `Several git remotes point at ${url}: ${list}. Choose one: --remote <name> or -a <app>`,
    2,
  );
}

function withoutSecret(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//');
}
