// How we mark what is ours on an engine that others share, and how we read it back.
import type { ContainerKind } from '../domain/process.ts';

export const label = {
  /** Id of the platform (one per data folder). Only objects with our own are ever listed or touched. */
  instance: 'twelve.instance',
  kind: 'twelve.kind',
  /** UUID of the app. */
  app: 'twelve.app',
  appName: 'twelve.app-name',
  /** UUID of the process as the API shows it. */
  id: 'twelve.id',
  /** `web` */
  type: 'twelve.type',
  /** `web.1` */
  process: 'twelve.process',
  release: 'twelve.release',
  releaseId: 'twelve.release-id',
  size: 'twelve.size',
  command: 'twelve.command',
  /** How many times in a row this process crashed before this container; the back-off survives our restart. */
  attempt: 'twelve.attempt',
  /** How many crashes there were before, in a row or not. */
  restarts: 'twelve.restarts',
  /** On one-offs that cron started: which entry of app.json, and which run of it. */
  cron: 'twelve.cron',
  cronRun: 'twelve.cron-run',
  /** On one-offs whose caller may come back: the hash of the secret that it has. */
  session: 'twelve.session',
  build: 'twelve.build',
  /** On the images of slugs, with the instance as value (their containers inherit it, so it must differ from `instance`). */
  slug: 'twelve.slug',
  /** On images we made of platform/images/: `stack`. */
  image: 'twelve.image',
} as const;

/** Number of the release that a container runs. */
export function releaseOf({ labels }: { labels: Readonly<Record<string, string>> }): number {
  return Number(labels[label.release]);
}

export interface OwnLabels {
  instance: string;
  kind: ContainerKind;
}

export function ownLabels(instance: string, kind?: ContainerKind): Record<string, string> {
  return { [label.instance]: instance, ...(kind ? { [label.kind]: kind } : {}) };
}

/** `twelve-<instance>-<part>-<part>…`, in the characters container and network names may have. */
export function ownName(instance: string, ...parts: string[]): string {
  return ['twelve', instance, ...parts].join('-').replace(/[^a-zA-Z0-9_.-]/g, '-');
}
