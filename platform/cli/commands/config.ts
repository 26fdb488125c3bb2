// config: read and change an app's config vars; each change is a release.
import { appFlags, appPath, type Call, type Command, jsonFlag } from '../command.ts';
import { CliError, usageError } from '../errors.ts';
import { followVersion } from '../follow.ts';
import type { ConfigVars } from '../v3.ts';

const pathOf = (app: string): string => `${appPath(app)}/config-vars`;

const list: Command = {
  name: 'config',
  usage: 'config',
  summary: "show an app's config vars",
  example: 'twelve config -a hello',
  flags: {
    ...appFlags,
    ...jsonFlag,
    shell: { type: 'boolean', short: 's', help: 'as lines that a shell understands' },
  },
  async run(call) {
    const app = await call.app();
    const vars = await call.api().get<ConfigVars>(pathOf(app));
    const names = Object.keys(vars).sort();
    if (call.on('json')) return call.out.json(vars);
    if (call.on('shell'))
      return call.out.raw(names.map((name) => `${name}=${shellQuoted(vars[name]!)}\n`).join(''));
    if (names.length === 0)
      return call.out.line(`${app} has no config vars. Set one: twelve config:set KEY=value -a ${app}`);
    call.out.heading(`${app} Config Vars`);
    call.out.line();
    call.out.table(names.map((name) => [`${name}:`, vars[name]!]));
  },
};

function shellQuoted(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

const get: Command = {
  name: 'config:get',
  usage: 'config:get <KEY>…',
  summary: 'print the value of a config var',
  example: 'twelve config:get GREETING -a hello',
  flags: { ...appFlags, ...jsonFlag },
  async run(call) {
    const app = await call.app();
    const vars = await call.api().get<ConfigVars>(pathOf(app));
    const missing = call.words.filter((name) => !Object.hasOwn(vars, name));
    const found = call.words.filter((name) => Object.hasOwn(vars, name));
    if (call.on('json')) call.out.json(Object.fromEntries(found.map((name) => [name, vars[name]])));
    else call.out.raw(found.map((name) => `${vars[name]}\n`).join(''));
    if (missing.length > 0) throw new CliError(`${app} has no config var ${missing.join(', ')}.`);
  },
};

const set: Command = {
  name: 'config:set',
  usage: 'config:set <KEY=value>…',
  summary: 'set config vars and restart the app with them',
  example: 'twelve config:set GREETING=hi COLOR=blue -a hello',
  flags: appFlags,
  async run(call) {
    const change: Record<string, string> = {};
    for (const word of call.words) {
      const at = word.indexOf('=');
      if (at < 1) throw usageError(`"${word}" is not KEY=value.\nExample: ${set.example}`);
      change[word.slice(0, at)] = word.slice(at + 1);
    }
    await changeConfig(call, 'Setting', change);
  },
};

const unset: Command = {
  name: 'config:unset',
  usage: 'config:unset <KEY>…',
  summary: 'remove config vars and restart the app without them',
  example: 'twelve config:unset GREETING -a hello',
  flags: appFlags,
  async run(call) {
    const wrong = call.words.find((word) => word.includes('='));
    if (wrong) throw usageError(`"${wrong.split('=')[0]}=…" is not a name alone.\nExample: ${unset.example}`);
    await changeConfig(call, 'Unsetting', Object.fromEntries(call.words.map((name) => [name, null])));
  },
};

/** The release exists when the change is answered, and is named there; it is followed until it serves or failed. */
async function changeConfig(call: Call, verb: string, change: Record<string, string | null>): Promise<void> {
  const app = await call.app();
  await call.out.during(
    `${verb} ${Object.keys(change).join(', ')} and restarting ${app}`,
    async (action) => {
      const { headers } = await call.api().sendAndSee('PATCH', pathOf(app), change);
      const version = headers['twelve-release'];
      if (version !== undefined) await followVersion(call, app, Number(version), action);
    },
    // Where a release was followed, the line has ended with its version already.
    () => 'nothing changed',
  );
}

export const commands: readonly Command[] = [list, get, set, unset];
