// buildpacks: an app's own list of them, in order; what an address means is fixed when it is set.
import { appFlags, appPath, type Call, type Command, type Flag, jsonFlag } from '../command.ts';
import { ApiError, CliError, usageError } from '../errors.ts';
import type { BuildpackInstallation, ConfigVars } from '../v3.ts';

const pathOf = (app: string): string => `${appPath(app)}/buildpack-installations`;

const indexFlag: Readonly<Record<string, Flag>> = {
  index: { type: 'string', short: 'i', help: 'place in the list, from 1' },
};

const list: Command = {
  name: 'buildpacks',
  usage: 'buildpacks',
  summary: "show an app's buildpacks",
  example: 'twelve buildpacks -a hello',
  flags: { ...appFlags, ...jsonFlag },
  async run(call) {
    const app = await call.app();
    const installed = await installations(call, app);
    if (call.on('json')) return call.out.json(installed);
    if (installed.length === 0)
      return call.out.line(`${app} has no buildpacks set: each build finds out which apply.`);
    call.out.heading(`${app} Buildpack${installed.length > 1 ? 's' : ''}`);
    call.out.line();
    for (const line of numbered(installed)) call.out.line(line);
  },
};

const set: Command = {
  name: 'buildpacks:set',
  usage: 'buildpacks:set <name or URL>',
  summary: 'set a buildpack: the first of the list, or the one at --index',
  example: 'twelve buildpacks:set python -a hello',
  flags: { ...appFlags, ...indexFlag },
  async run(call) {
    const [wanted = ''] = call.words;
    const index = indexOf(call) ?? 1;
    await change(call, 'set', `Setting ${withoutLogin(wanted)}`, (names, app) => {
      refuseTwice(names, wanted, app);
      return index > names.length ? [...names, wanted] : names.with(index - 1, wanted);
    });
  },
};

const add: Command = {
  name: 'buildpacks:add',
  usage: 'buildpacks:add <name or URL>',
  summary: 'add a buildpack at the end of the list, or at --index',
  example: 'twelve buildpacks:add --index 1 apt -a hello',
  flags: { ...appFlags, ...indexFlag },
  async run(call) {
    const [wanted = ''] = call.words;
    const index = indexOf(call);
    await change(call, 'added', `Adding ${withoutLogin(wanted)}`, (names, app) => {
      refuseTwice(names, wanted, app);
      return names.toSpliced(index === undefined ? names.length : index - 1, 0, wanted);
    });
  },
};

const remove: Command = {
  name: 'buildpacks:remove',
  usage: 'buildpacks:remove [name or URL]',
  summary: 'remove a buildpack from the list, by name, URL or --index',
  example: 'twelve buildpacks:remove apt -a hello',
  flags: { ...appFlags, ...indexFlag },
  async run(call) {
    const [wanted] = call.words;
    const index = indexOf(call);
    if ((wanted === undefined) === (index === undefined))
      throw usageError(`Name the buildpack, or give its --index.\nExample: ${remove.example}`);
    if (wanted !== undefined) return removeNamed(call, wanted);
    await change(call, 'removed', 'Removing buildpack', (names, app) => {
      if (names.length === 0) throw noneToRemove(app);
      if (index! > names.length)
        throw new CliError(`Invalid index. ${app} has ${names.length} buildpacks. Nothing was removed.`);
      return names.toSpliced(index! - 1, 1);
    });
  },
};

/** What a name or URL means is the server's to say: lists show neither other names nor logins. */
async function removeNamed(call: Call, buildpack: string): Promise<void> {
  const app = await call.app();
  if ((await installations(call, app)).length === 0) throw noneToRemove(app);
  const removing = (): Promise<BuildpackInstallation[]> =>
    call.api().send<BuildpackInstallation[]>('POST', `${pathOf(app)}/actions/remove`, { buildpack });
  const after = await call.out.during('Removing buildpack', removing).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.id !== 'not_found') throw error;
    throw new CliError(`Buildpack not found. Nothing was removed. ${error.message}`);
  });
  tellNext(call, app, 'removed', after);
}

const clear: Command = {
  name: 'buildpacks:clear',
  usage: 'buildpacks:clear',
  summary: 'remove all buildpacks from the list: each build finds out again which apply',
  example: 'twelve buildpacks:clear -a hello',
  flags: appFlags,
  async run(call) {
    const app = await call.app();
    await call.api().send('PUT', pathOf(app), { updates: [] });
    const vars = await call.api().get<ConfigVars>(`${appPath(app)}/config-vars`);
    call.out.line(`Buildpacks cleared. ${nextDetects(app, vars)}`);
    if (vars['BUILDPACK_URL'])
      call.out.warn('The BUILDPACK_URL config var is still set and will be used for the next release.');
  },
};

const update: Command = {
  name: 'buildpacks:update',
  usage: 'buildpacks:update [name or URL]',
  summary: 'fix buildpacks from elsewhere to what their branch, tag or URL means now (default: all)',
  example: 'twelve buildpacks:update -a hello',
  flags: appFlags,
  async run(call) {
    const app = await call.app();
    const [which] = call.words;
    const before = await installations(call, app);
    const after = await call.out.during(`Updating buildpacks of ${app}`, () =>
      call
        .api()
        .send<BuildpackInstallation[]>('POST', `${pathOf(app)}/actions/update`, { buildpack: which ?? null }),
    );
    const changed = after.filter((one, index) => one.pin !== before[index]?.pin);
    for (const one of changed)
      call.out.line(`${one.buildpack.name}: ${shown(before[one.ordinal]?.pin)} -> ${shown(one.pin)}`);
    if (changed.length === 0) return call.out.line('Nothing has changed.');
    call.out.line('Run git push platform main or twelve redeploy to use it.');
  },
};

async function change(
  call: Call,
  done: string,
  title: string,
  next: (names: string[], app: string) => string[],
): Promise<void> {
  const app = await call.app();
  const current = await installations(call, app);
  const names = next(
    current.map((one) => one.buildpack.url),
    app,
  );
  const updates = names.map((buildpack) => ({ buildpack }));
  const after = await call.out.during(title, () =>
    call.api().send<BuildpackInstallation[]>('PUT', pathOf(app), { updates }),
  );
  tellNext(call, app, done, after);
}

function tellNext(call: Call, app: string, done: string, after: readonly BuildpackInstallation[]): void {
  const head = `Buildpack ${done}. Next release on ${app} will use`;
  if (after.length === 0) call.out.line(`Buildpack ${done}. ${nextDetects(app)}`);
  else if (after.length === 1) call.out.line(`${head} ${described(after[0]!)}.`);
  else for (const line of [`${head}:`, ...numbered(after).map((text) => `  ${text}`)]) call.out.line(line);
  if (done !== 'removed' && after.length > 0)
    call.out.line(
      `Run git push platform main to create a new release using ${after.length > 1 ? 'these buildpacks' : 'this buildpack'}.`,
    );
}

function nextDetects(app: string, vars: ConfigVars = {}): string {
  return vars['BUILDPACK_URL'] ? '' : `Next release on ${app} will detect buildpacks normally.`;
}

function refuseTwice(names: readonly string[], wanted: string, app: string): void {
  if (names.includes(wanted)) throw new CliError(`The buildpack ${wanted} is already set on ${app}.`);
}

function noneToRemove(app: string): CliError {
  return new CliError(`No buildpacks were found. ${nextDetects(app)}`);
}

function indexOf(call: Call): number | undefined {
  const text = call.text('index');
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,3}$/.test(text)) throw usageError('Invalid index. Must be a whole number from 1.');
  return Number(text);
}

function installations(call: Call, app: string): Promise<BuildpackInstallation[]> {
  return call.api().get<BuildpackInstallation[]>(pathOf(app));
}

function numbered(installed: readonly BuildpackInstallation[]): string[] {
  const many = installed.length > 1;
  return installed.map((one) => `${many ? `${one.ordinal + 1}. ` : ''}${described(one)}`);
}

/** One from elsewhere with what it is fixed to. */
function described({ buildpack, pin }: BuildpackInstallation): string {
  return pin ? `${buildpack.name} at ${shown(pin)}` : buildpack.name;
}

function shown(pin: string | null | undefined): string {
  if (!pin) return 'none';
  return pin.startsWith('sha256:') ? pin.slice(0, 17) : pin.slice(0, 10);
}

/** What is on the screen while it is fetched is not what was typed. */
function withoutLogin(reference: string): string {
  return reference.replace(/\/\/[^/@]*@/, '//').replace(/\?[^#]*/, '');
}

export const commands: readonly Command[] = [list, set, add, remove, clear, update];
