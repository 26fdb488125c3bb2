// ps:resize: how big the processes of a type are, and which sizes there are.
import { appFlags, appPath, type Call, type Command, jsonFlag } from '../command.ts';
import { CliError, usageError } from '../errors.ts';
import { followFormation } from '../follow-change.ts';
import { aligned } from '../output.ts';
import type { DynoSize, Formation } from '../v3.ts';

const resize: Command = {
  name: 'ps:resize',
  aliases: ['ps:type', 'resize'],
  usage: 'ps:resize [type=size]…',
  summary: 'set how big the processes of a type are; without arguments, show it and the sizes there are',
  example: 'twelve ps:resize web=standard-2x -a hello',
  flags: { ...appFlags, ...jsonFlag },
  async run(call) {
    const wishes = call.words.map(parseSizeWish);
    const app = await call.app();
    const path = `${appPath(app)}/formation`;
    const formation = await call.api().list<Formation>(path);
    if (wishes.length > 0) await change(call, app, path, updatesOf(wishes, formation, app));
    const now = wishes.length > 0 ? await call.api().list<Formation>(path) : formation;
    if (call.on('json')) return call.out.json(now);
    if (wishes.length === 0) call.out.text(render(now, await call.api().list<DynoSize>('/dyno-sizes')));
  },
};

interface SizeWish {
  /** Undefined: every type. */
  type: string | undefined;
  size: string;
}

/** `web=standard-2x`, or `standard-2x` for every type, as on Heroku. */
export function parseSizeWish(word: string): SizeWish {
  const [, type, size] = /^(?:([A-Za-z0-9_-]+)=)?([a-z][\w-]*)$/i.exec(word) ?? [];
  if (size) return { type, size };
  if (/=[+-]?\d+$/.test(word)) throw usageError(`"${word}" says how many. Write: twelve ps:scale ${word}`);
  throw usageError(
    `"${word}" does not say which size. Write web=standard-2x, or standard-2x for every type.\nExample: ${resize.example}`,
  );
}

/** @throws CliError when the app has no types yet, or a type gets two sizes */
function updatesOf(
  wishes: readonly SizeWish[],
  formation: readonly Formation[],
  app: string,
): { type: string; size: string }[] {
  if (formation.length === 0)
    throw new CliError(`${app} has no process types yet. Deploy it first: git push platform main`);
  const updates = wishes.flatMap(({ type, size }) =>
    (type === undefined ? formation.map((entry) => entry.type) : [type]).map((one) => ({ type: one, size })),
  );
  const twice = updates.find(({ type }, index) => updates.findIndex((one) => one.type === type) !== index);
  if (twice) throw usageError(`${twice.type} gets more than one size.`);
  return updates;
}

async function change(
  call: Call,
  app: string,
  path: string,
  updates: readonly { type: string; size: string }[],
): Promise<void> {
  await call.out.during(
    `Resizing ${app}`,
    async (action) => {
      const answer = await call.api().sendAndSee<Formation[]>('PATCH', path, { updates });
      return followFormation(call, app, answer, action);
    },
    (changed) => changed.map((entry) => `${entry.type} at ${entry.quantity}:${entry.size}`).join(', '),
  );
}

function render(formation: readonly Formation[], sizes: readonly DynoSize[]): string {
  const types = aligned([
    ['type', 'size', 'quantity'],
    ...formation.map((entry) => [entry.type, entry.size, String(entry.quantity)]),
  ]);
  const known = aligned([
    ['size', 'memory', 'cpu share', 'processes', 'open files'],
    ...sizes.map((size) => [
      size.name,
      `${Math.round(size.memory * 1024)} MB`,
      String(size.compute),
      String(size.pids ?? '-'),
      String(size.open_files ?? '-'),
    ]),
  ]);
  return [...(formation.length > 0 ? [...types, ''] : []), ...known, ''].join('\n');
}

export const commands: readonly Command[] = [resize];
