// ps: what runs, how many of it, restarting and stopping.
import { appFlags, appPath, type Call, type Command, jsonFlag } from '../command.ts';
import { CliError, usageError } from '../errors.ts';
import { followChange, followFormation } from '../follow-change.ts';
import { renderDynos } from '../render-dynos.ts';
import type { Dyno, Formation } from '../v3.ts';

const list: Command = {
  name: 'ps',
  usage: 'ps [type]…',
  summary: "list an app's processes",
  example: 'twelve ps -a hello',
  flags: { ...appFlags, ...jsonFlag },
  async run(call) {
    const app = await call.app();
    const all = await call.api().list<Dyno>(`${appPath(app)}/dynos`);
    const types = new Set(call.words);
    const dynos = types.size > 0 ? all.filter((dyno) => types.has(dyno.type)) : all;
    if (call.on('json')) return call.out.json(dynos);
    if (dynos.length > 0) return call.out.text(renderDynos(dynos));
    if (types.size === 0)
      return call.out.line(`No processes run for ${app}. Scale it: twelve ps:scale web=1 -a ${app}`);
    const wishes = [...types].map((type) => `${type}=1`).join(' ');
    call.out.line(
      `No ${[...types].join(' or ')} process runs for ${app}. Scale it: twelve ps:scale ${wishes} -a ${app}`,
    );
  },
};

interface Wish {
  type: string;
  quantity?: string;
  size?: string;
}

const scale: Command = {
  name: 'ps:scale',
  aliases: ['scale'],
  usage: 'ps:scale [type=quantity[:size]]…',
  summary: 'set how many processes of a type run, and how big; without arguments, show it',
  example: 'twelve ps:scale web=3:standard-2x worker+1 -a hello',
  flags: { ...appFlags, ...jsonFlag },
  async run(call) {
    const wishes = call.words.map(parseWish);
    const app = await call.app();
    if (wishes.length === 0) return await showFormation(call, app);
    const changed = await call.out.during(
      `Scaling ${app}`,
      async (action) => {
        const answer = await call
          .api()
          .sendAndSee<Formation[]>('PATCH', `${appPath(app)}/formation`, { updates: wishes });
        return followFormation(call, app, answer, action);
      },
      (formation) => `now running ${formation.map(inWords).join(', ')}`,
    );
    if (call.on('json')) call.out.json(changed);
  },
};

/** `web=3`, `web=3:standard-2x`, `web+1`, `web-1`, `web=standard-2x` */
export function parseWish(word: string): Wish {
  // Fewer than none, or one less? Who stops processes by it should have meant to.
  const [, negative, count] = /^([A-Za-z0-9_-]+)=-([\d.]+)/.exec(word) ?? [];
  if (negative)
    throw usageError(
      `${negative} cannot run -${count} processes. For ${count} less than now, write ${negative}-${count}; for none, ${negative}=0.`,
    );
  const match = /^([A-Za-z0-9_-]+?)(?:=([+-]?\d+)|([+-]\d+))?(?:[:=]([a-z][\w-]*))?$/i.exec(word);
  const [, type, exact, relative, size] = match ?? [];
  const quantity = exact ?? relative;
  if (!type || (quantity === undefined && size === undefined))
    throw usageError(
      `"${word}" does not say how many of what. Write web=3, web=3:standard-2x, web=standard-2x, web+1 or web-1.\nExample: ${scale.example}`,
    );
  return { type, ...(quantity === undefined ? {} : { quantity }), ...(size === undefined ? {} : { size }) };
}

function inWords(entry: Formation): string {
  return `${entry.type} at ${entry.quantity}:${entry.size}`;
}

async function showFormation(call: Call, app: string): Promise<void> {
  const formation = await call.api().list<Formation>(`${appPath(app)}/formation`);
  if (call.on('json')) return call.out.json(formation);
  if (formation.length === 0)
    return call.out.line(`${app} has no process types yet. Deploy it first: git push platform main`);
  // In the form that ps:scale takes.
  call.out.line(formation.map((entry) => `${entry.type}=${entry.quantity}:${entry.size}`).join(' '));
}

const restart: Command = {
  name: 'ps:restart',
  aliases: ['restart'],
  usage: 'ps:restart [name]',
  summary: 'restart all processes, those of a type, or one, and wait until the new ones run',
  example: 'twelve ps:restart web.1 -a hello',
  flags: appFlags,
  async run(call) {
    const [name] = call.words;
    const path = name ? target(name) : '/dynos';
    const app = await call.app();
    await call.out.during(`Restarting ${name ?? 'all processes'} of ${app}`, async (action) => {
      const { headers } = await call.api().sendAndSee('DELETE', appPath(app) + path);
      if (!isOneOff(name)) await followChange(call, app, headers, action);
    });
  },
};

const stop: Command = {
  name: 'ps:stop',
  usage: 'ps:stop <name|type>',
  summary: 'stop a one-off process; one of the formation, or all of a type, is replaced by a fresh one',
  example: 'twelve ps:stop run.4821 -a hello',
  flags: appFlags,
  async run(call) {
    const name = call.words[0]!;
    const path = `${target(name)}/actions/stop`;
    const app = await call.app();
    await call.out.during(`Stopping ${name} of ${app}`, async (action) => {
      const { headers } = await call.api().sendAndSee('POST', appPath(app) + path);
      if (!isOneOff(name)) await followChange(call, app, headers, action);
    });
  },
};

/** It has stopped when the server says so: nothing comes in its place. */
function isOneOff(name: string | undefined): boolean {
  return name?.startsWith('run.') === true;
}

/** `web.1` is a process, `web` a type. */
function target(name: string): string {
  if (!/^[A-Za-z0-9_-]+(\.\d+)?$/.test(name))
    throw new CliError(`"${name}" is neither a process (web.1) nor a process type (web).`, 2);
  return name.includes('.') ? `/dynos/${name}` : `/formations/${name}`;
}

export const commands: readonly Command[] = [list, scale, restart, stop];
