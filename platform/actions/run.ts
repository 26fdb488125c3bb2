// `twelve run`: a one-off process of the serving release.
import type { App } from '../domain/app.ts';
import { changeConfig } from '../domain/config-vars.ts';
import { PlatformError } from '../domain/errors.ts';
import type { ProcessStatus } from '../domain/process.ts';
import type { Release } from '../domain/release.ts';
import type { Slug } from '../domain/slug.ts';
import type { CronMark } from '../processes/cron-mark.ts';
import type { Platform } from './context.ts';

export interface RunOrder {
  command: string;
  env: Readonly<Record<string, string>>;
  size?: string | undefined;
  attach: boolean;
  tty: boolean;
  /** Size of the caller's terminal. */
  window: { columns: number; rows: number } | null;
  /** What a caller that may come back is found by; see OneOffOrder. */
  session?: string | undefined;
  cron?: CronMark;
}

/** @throws PlatformError `invalid_params` when nothing was pushed, or a value is bad */
export async function runOneOff(
  platform: Pick<Platform, 'store' | 'oneOffs'>,
  app: App,
  order: RunOrder,
): Promise<ProcessStatus> {
  requireCommand(order.command, 'twelve run <command>');
  const { store } = platform;
  const { release, slug } = requireServing(platform, app);
  return platform.oneOffs.create({
    app,
    release,
    slug,
    config: changeConfig(store.releases.config(release), order.env),
    // A name from the Procfile runs that type's command, as on Heroku.
    command: Object.hasOwn(slug.processTypes, order.command)
      ? slug.processTypes[order.command]!
      : order.command,
    ...(order.size ? { size: order.size } : {}),
    attached: order.attach,
    ...(order.session ? { session: order.session } : {}),
    tty: order.tty,
    window: order.window,
    cron: order.cron,
  });
}

/** @param usage how it is typed. @throws PlatformError `invalid_params` */
export function requireCommand(command: string, usage: string): void {
  if (command.trim() === '') throw new PlatformError('invalid_params', `Say what to run: ${usage}.`);
  if (command.includes('\0'))
    throw new PlatformError('invalid_params', 'The command contains a NUL byte, which no command can hold.');
}

function requireServing({ store }: Pick<Platform, 'store'>, app: App): { release: Release; slug: Slug } {
  const version = store.apps.byId(app.id)?.servingVersion ?? null;
  const release = version === null ? undefined : store.releases.byVersion(app.id, version);
  const slug = release?.slugId ? store.slugs.byId(release.slugId) : undefined;
  if (release && slug) return { release, slug };
  throw new PlatformError(
    'invalid_params',
    `${app.name} has no release that could run a command yet. Push first: git push platform main`,
  );
}
