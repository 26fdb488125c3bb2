// apps: list, create, show, destroy, open.
import { codeInWords } from '../../domain/code.ts';
import { appFlags, appPath, type Call, type Command, jsonFlag } from '../command.ts';
import { authorityForGit } from '../context.ts';
import { CliError, usageError } from '../errors.ts';
import { localTime, size } from '../terminal-text.ts';
import type { App, Formation } from '../v3.ts';

const list: Command = {
  name: 'apps',
  usage: 'apps',
  summary: 'list the apps',
  example: 'twelve apps',
  flags: jsonFlag,
  async run(call) {
    const apps = await call.api().list<App>('/apps');
    if (call.on('json')) return call.out.json(apps);
    if (apps.length === 0) return call.out.line('There are no apps yet. Create one: twelve apps:create');
    call.out.heading('Apps');
    call.out.line();
    for (const app of apps) call.out.line(app.name);
  },
};

const create: Command = {
  name: 'apps:create',
  aliases: ['create'],
  usage: 'apps:create [name]',
  summary: 'create an app and connect the git repository here to it',
  example: 'twelve apps:create hello',
  flags: {
    buildpack: {
      type: 'string',
      short: 'b',
      multiple: true,
      help: 'a buildpack of its list; several, in order',
    },
    remote: { type: 'string', short: 'r', help: 'name of the git remote (default: platform)' },
    'no-remote': { type: 'boolean', short: 'n', help: 'leave the git repository here alone' },
    ...jsonFlag,
  },
  async run(call) {
    const [name] = call.words;
    const api = call.api();
    const app = await call.out.during(
      name ? `Creating ${name}` : 'Creating app',
      () => api.send<App>('POST', '/apps', name ? { name } : {}),
      (created) => created.name,
    );
    await setBuildpacks(call, app);
    if (call.on('json')) call.out.json(app);
    else call.out.line(`${app.web_url} | ${app.git_url}`);
    if (!call.on('no-remote')) await connect(call, app);
  },
};

/** Where one cannot be had the app is there all the same, and the message says how to go on. */
async function setBuildpacks(call: Call, app: App): Promise<void> {
  const wanted = call.all('buildpack');
  if (wanted.length === 0) return;
  const updates = wanted.map((buildpack) => ({ buildpack }));
  try {
    await call.out.during(`Setting buildpack${wanted.length > 1 ? 's' : ''}`, () =>
      call.api().send('PUT', `${appPath(app.name)}/buildpack-installations`, { updates }),
    );
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    call.out.notice(`${app.name} was created, without a list of buildpacks.`);
    throw error;
  }
}

/** The repository we stand in, if we do, gets the remote; one of that name that means something else is kept. */
async function connect(call: Call, app: App): Promise<void> {
  const git = await import('../git-remote.ts');
  const { cwd, env } = call.world;
  if (!(await git.isRepository(cwd))) {
    if (call.text('remote')) call.out.warn('There is no git repository here, so no remote was added.');
    return;
  }
  const remote = call.text('remote') ?? git.remoteName;
  const authority = await authorityForGit(env, app.git_url);
  await git.configureCredentials(cwd, app.git_url, git.credentialHelper(programPath()), authority);
  if (await git.addRemote(cwd, remote, app.git_url))
    return call.out.notice(`Git remote ${remote} added. Deploy: git push ${remote} main`);
  call.out.warn(
    `There is a git remote ${remote} already, and it points elsewhere. To point it at ${app.name}: twelve git:remote -a ${app.name} -r ${remote}`,
  );
}

/** This program's entry, which is what git will run for credentials. */
function programPath(): string {
  return process.argv[1]!;
}

const info: Command = {
  name: 'apps:info',
  aliases: ['info'],
  usage: 'apps:info [app]',
  summary: 'show an app',
  example: 'twelve apps:info -a hello',
  flags: { ...appFlags, ...jsonFlag },
  async run(call) {
    const path = appPath(call.words[0] ?? (await call.app()));
    const [app, formation] = await Promise.all([
      call.api().get<App>(path),
      call.api().list<Formation>(`${path}/formation`),
    ]);
    if (call.on('json')) return call.out.json({ ...app, formation });
    call.out.heading(app.name);
    const running = formation.filter((entry) => entry.quantity > 0);
    call.out.table(
      [
        ['Web URL:', app.web_url],
        ['Git URL:', app.git_url],
        ['Dynos:', running.map((entry) => `${entry.type}: ${entry.quantity}`).join(', ') || 'none'],
        ['Owner:', app.owner.email],
        ['Stack:', app.stack.name],
        ['Slug size:', size(app.slug_size)],
        ['Repo size:', size(app.repo_size)],
        ['Created:', localTime(app.created_at)],
        ['Released:', app.released_at ? localTime(app.released_at) : ''],
        ['Maintenance:', app.maintenance ? 'on' : ''],
        ['Visitors get:', app.code ? codeInWords(app.code) : ''],
      ].filter(([, value]) => value),
    );
  },
};

const destroy: Command = {
  name: 'apps:destroy',
  aliases: ['destroy'],
  usage: 'apps:destroy [app]',
  summary: 'destroy an app with its releases, config and logs, for good',
  example: 'twelve apps:destroy -a hello --confirm hello',
  flags: { ...appFlags, confirm: { type: 'string', help: "the app's name, instead of being asked for it" } },
  async run(call) {
    const confirm = call.text('confirm');
    const name =
      call.words[0] ?? call.text('app') ?? (call.text('remote') ? undefined : confirm) ?? (await call.app());
    const app = await call.api().get<App>(appPath(name));
    const typed = confirm ?? (await askForName(call, app.name));
    if (typed !== app.name) throw new CliError(`"${typed}" is not ${app.name}. Nothing was destroyed.`);
    await call.out.during(`Destroying ${app.name}`, () => call.api().send('DELETE', appPath(app.id)));
    const { removeRemotesOf } = await import('../git-remote.ts');
    for (const remote of await removeRemotesOf(call.world.cwd, app.name, call.api().url))
      call.out.notice(`Git remote ${remote} removed.`);
  },
};

async function askForName(call: Call, name: string): Promise<string> {
  if (!call.world.stdin.isTTY)
    throw usageError(`This destroys ${name} for good. Say that you mean it: --confirm ${name}`);
  const { ask } = await import('../prompt.ts');
  call.out.warn(`This destroys ${name} with its releases, config and logs, for good.`);
  return (await ask(call.world, `Type ${name} to go on: `)).trim();
}

const open: Command = {
  name: 'apps:open',
  aliases: ['open'],
  usage: 'apps:open [path]',
  summary: 'open the app in a browser; print its URL where there is none',
  example: 'twelve open -a hello',
  flags: appFlags,
  async run(call) {
    const app = await call.api().get<App>(appPath(await call.app()));
    const url = new URL(call.words[0] ?? '', app.web_url);
    // What the server names is handed to a desktop program: only ever a web address.
    if (!/^https?:$/.test(url.protocol)) throw new CliError(`${url.href} is not a web address.`);
    const { stdout, env } = call.world;
    if (stdout.isTTY && env.desktop && (await openBrowser(url.href))) call.out.notice(`Opening ${url.href}`);
    else call.out.line(url.href);
  },
};

async function openBrowser(url: string): Promise<boolean> {
  const { spawn } = await import('node:child_process');
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  return await new Promise((resolve) => {
    const child = spawn(program, [url], { stdio: 'ignore', detached: true });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}

export const commands: readonly Command[] = [list, create, info, destroy, open];
