// How a one-off is marked that a cron entry started: on its container, so that the next server knows it too.
import type { ContainerSpec, ContainerSummary } from '../engine/engine.ts';
import { label } from '../engine/labels.ts';

export interface CronMark {
  /** Id of the entry. */
  entry: string;
  run: string;
}

export interface CronProcess extends CronMark {
  appId: string;
  /** `run.4821` */
  process: string;
  running: boolean;
}

export function markCron(spec: ContainerSpec, mark: CronMark | undefined): void {
  if (mark) Object.assign(spec.labels, { [label.cron]: mark.entry, [label.cronRun]: mark.run });
}

/** @returns null for one that somebody else started */
export function cronProcess({ labels, state }: ContainerSummary): CronProcess | null {
  const { [label.cron]: entry, [label.cronRun]: run } = labels;
  if (!entry || !run) return null;
  const { [label.app]: appId = '', [label.process]: process = '' } = labels;
  return { entry, run, appId, process, running: state === 'running' };
}
