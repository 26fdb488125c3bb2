// What a one-off process is made from, as an order and as a container.
import type { App } from '../domain/app.ts';
import { defaultSizeName, findSize, type Size } from '../domain/formation.ts';
import type { Release } from '../domain/release.ts';
import type { Slug } from '../domain/slug.ts';
import type { ContainerSpec } from '../engine/engine.ts';
import { label } from '../engine/labels.ts';
import { sized, type Window } from './attached.ts';
import { processSpec } from './container.ts';
import { type CronMark, markCron } from './cron-mark.ts';
import { keptCommand } from './kept/command.ts';

export interface OneOffOrder {
  app: App;
  release: Release;
  slug: Slug;
  /** Config vars with the caller's `-e` values over them. */
  config: Readonly<Record<string, string>>;
  command: string;
  size?: string;
  /** attached: waits for `open`. detached: starts at once, output into the log. */
  attached: boolean;
  tty: boolean;
  /** By which its caller finds it again when the connection broke, or the server was started anew; else it ends with that. */
  session?: string;
  /** Size of the terminal to begin with. */
  window: Window | null;
  /** When a cron entry started it. */
  cron?: CronMark | undefined;
}

/** How its caller is joined to it, which is read back from here: not at all, by pipes or by a terminal. */
export const attachedLabel = 'twelve.attached';

interface Made {
  instance: string;
  sizes: readonly Size[];
  /** UUID of the process. */
  id: string;
  name: string;
  image: string;
  network: string;
}

/** Pure, but for the keeper's text. */
export function oneOffSpec(order: OneOffOrder, { sizes, ...made }: Made): ContainerSpec {
  const spec = processSpec({
    ...made,
    kind: 'run',
    appId: order.app.id,
    appName: order.app.name,
    type: 'run',
    command: order.command,
    size: findSize(order.size ?? defaultSizeName, sizes),
    version: order.release.version,
    releaseId: order.release.id,
    commit: order.slug.commit,
    config: order.config,
    attempt: 0,
  });
  markCron(spec, order.cron);
  spec.labels[attachedLabel] = order.attached ? (order.tty ? 'tty' : 'pipe') : 'no';
  if (!order.attached) return spec;
  const command = spec.command ?? [];
  if (order.session === undefined) {
    const begun = order.window ? [...sized(order.window), ...command] : command;
    return { ...spec, stdin: true, tty: order.tty, log: 'none', command: begun };
  }
  spec.labels[label.session] = order.session;
  return { ...spec, stdin: 'kept', log: 'none', command: keptCommand(command, order.tty, order.window) };
}
