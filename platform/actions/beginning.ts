// What app.json says of a new app: which buildpacks it keeps, how many processes run, a command after the first deploy.

import type { Beginning } from '../build/finish.ts';
import { createLineFilter } from '../build/output.ts';
import { createMask } from '../build/secrets.ts';
import type { App } from '../domain/app.ts';
import { parseBuildpackReference, shownReference } from '../domain/buildpack.ts';
import { messageOf } from '../domain/errors.ts';
import { defaultSizeName, type FormationEntry, maxQuantity, type Size } from '../domain/formation.ts';
import type { ProcessTypes } from '../domain/procfile.ts';
import { readConfigVars } from './config.ts';
import type { Platform } from './context.ts';
import { runOneOff } from './run.ts';

const silenceMs = 120_000;

/** In the transaction of the app's first release of code: its list of buildpacks and its formation. */
export function begin(
  { store, config }: Pick<Platform, 'store' | 'config'>,
  app: App,
  beginning: Beginning | null,
  types: ProcessTypes,
  write: (line: string) => void,
): void {
  if (!beginning) return;
  if (store.buildpacks.of(app.id).length === 0)
    store.buildpacks.replace(app.id, eachOnce(beginning.buildpacks));
  if (Object.keys(beginning.formation).length > 0 && store.formations.of(app.id).length === 0)
    store.formations.replace(
      app.id,
      firstFormation(beginning.formation, Object.keys(types), config.sizes, write),
    );
}

/** A list holds each once; app.json may have named one twice. */
function eachOnce(list: Beginning['buildpacks']): Beginning['buildpacks'] {
  const shown = list.map(({ reference }) => shownReference(parseBuildpackReference(reference)));
  return list.filter((_, index) => shown.indexOf(shown[index]!) === index);
}

/** What is not said is as always: one web process, none of the others. */
export function firstFormation(
  wanted: Beginning['formation'],
  types: readonly string[],
  sizes: readonly Size[],
  write: (line: string) => void,
): FormationEntry[] {
  const warn = (sentence: string): void => write(` !     app.json: ${sentence}`);
  for (const type of Object.keys(wanted).filter((one) => !types.includes(one)))
    warn(`formation.${type.slice(0, 60)} is not used: there is no such process type.`);
  return types.map((type) => {
    const { quantity = type === 'web' ? 1 : 0, size = defaultSizeName } = wanted[type] ?? {};
    const known = sizes.find((one) => one.name === size.toLowerCase());
    if (!known)
      warn(`formation.${type}: there is no size "${size.slice(0, 40)}" here, ${defaultSizeName} is used.`);
    if (quantity > maxQuantity) warn(`formation.${type}: ${maxQuantity} processes are the most.`);
    // It runs once per release, whatever its number.
    const count = type === 'release' ? 0 : Math.min(quantity, maxQuantity);
    return { type, quantity: count, size: known?.name ?? defaultSizeName };
  });
}

/** Once, after the first release serves. Its failure is told and changes nothing: what serves goes on. */
export async function afterFirstDeploy(
  platform: Platform,
  app: App,
  beginning: Beginning | null,
  write: (line: string) => void,
): Promise<void> {
  const command = beginning?.postdeploy;
  if (!command) return;
  write(`-----> Running postdeploy command of app.json: ${command.split('\n')[0]!.slice(0, 200)}`);
  const again = `Run it again: twelve run -a ${app.name} '<command>'`;
  try {
    const mask = createMask(readConfigVars(platform, app));
    const code = await runToEnd(platform, app, command, mask, (line) => write(`       ${line}`));
    if (code !== 0)
      write(` !     The postdeploy command ended with status ${code}; the release serves. ${again}`);
  } catch (error) {
    write(` !     The postdeploy command was not run: ${messageOf(error)} ${again}`);
  }
}

async function runToEnd(
  platform: Platform,
  app: App,
  command: string,
  mask: (line: string) => string,
  line: (text: string) => void,
): Promise<number> {
  const order = { command, env: {}, attach: true, tty: false, window: null };
  const { id, name } = await runOneOff(platform, app, order);
  const session = await platform.oneOffs.open(id);
  session.stream.end();
  // A command may be silent for long; the pusher's connection may not.
  const heart = setInterval(() => line('… the command is still running'), silenceMs);
  const late = setTimeout(() => {
    line(`It is stopped: it took longer than ${platform.config.releasePhaseTimeoutMs / 1000} s.`);
    platform.oneOffs.stop(app.id, name).catch(() => undefined);
  }, platform.config.releasePhaseTimeoutMs);
  try {
    const filtered = (stream: AsyncIterable<Buffer> | undefined): Promise<void> => {
      const filter = createLineFilter(mask);
      return eachLine(stream, (text) => line(filter(text)));
    };
    await Promise.all([session.stream, session.stderr].map(filtered));
    return await session.exit;
  } finally {
    clearInterval(heart);
    clearTimeout(late);
  }
}

async function eachLine(
  stream: AsyncIterable<Buffer> | undefined,
  line: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of stream ?? []) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    // A line without an end must not fill the memory.
    rest = (lines.pop() ?? '').slice(0, 10_000);
    for (const one of lines) line(one.trimEnd().slice(0, 10_000));
  }
  if (rest !== '') line(rest);
}
