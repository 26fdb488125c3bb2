// What the supervisor remembers of one process, whether it started it or found it running.
import { createHash, randomUUID } from 'node:crypto';
import type { RuntimeCode } from '../domain/code.ts';
import type { HealthCheck } from '../domain/health-check.ts';
import { type ProcessStatus, processName } from '../domain/process.ts';
import type { Release } from '../domain/release.ts';
import type { Slug } from '../domain/slug.ts';
import type { ContainerDetails } from '../engine/engine.ts';
import { label, releaseOf } from '../engine/labels.ts';
import { type Member, type Running, slotOf } from './plan.ts';
import type { Setback } from './setbacks.ts';

/** A release ready to run: read once from the store, shared by all of its processes. */
export interface Runnable {
  version: number;
  release: Release;
  slug: Slug;
  types: Slug['processTypes'];
  config: Readonly<Record<string, string>>;
}

export interface Tracked extends Running {
  /** UUID, as the API shows it. */
  id: string;
  containerId: string | null;
  name: string;
  command: string;
  releaseId: string;
  address: string | null;
  /** Crashes in a row before this one. */
  attempt: number;
  /** Crashes before this one, in a row or not. */
  restarts: number;
  createdAt: number;
  stateAt: number;
  /** Aborted when it has ended. */
  ends: AbortController;
  /** How long it was given to end, once it was asked to. */
  graceMs: number | null;
  /** Its end was told while it was still being started. */
  died: boolean;
  /** Why it is about to end, or has ended, where that has a code. */
  code: RuntimeCode | null;
  /** It ran before we came, and was not proven by us yet. */
  found: boolean;
  /** It was not started by us: only its time tells what it came before. */
  adopted: boolean;
  /** Readiness checks that fail: while there are any it gets no requests. */
  unready: Set<HealthCheck>;
}

let order = 0;

/** Of the process that is tracked next: all of before have a lower one. */
export const nextOrder = (): number => order;

export function newProcess(
  member: Member,
  runnable: Runnable,
  { attempt, restarts }: Pick<Setback, 'attempt' | 'restarts'>,
): Tracked {
  const id = randomUUID();
  return {
    ref: id,
    id,
    version: member.version,
    type: member.type,
    number: member.number,
    size: member.size,
    state: 'creating',
    stale: false,
    order: order++,
    containerId: null,
    name: processName(member.type, member.number),
    command: runnable.types[member.type] ?? '',
    releaseId: runnable.release.id,
    address: null,
    attempt,
    restarts,
    createdAt: Date.now(),
    stateAt: Date.now(),
    ends: new AbortController(),
    graceMs: null,
    died: false,
    code: null,
    found: false,
    adopted: false,
    unready: new Set(),
  };
}

/** A process as its container's labels tell. */
export function foundProcess(details: ContainerDetails): Tracked {
  const labels = details.labels;
  const id = labels[label.id] ?? details.id;
  const type = labels[label.type] ?? '';
  const name = labels[label.process] ?? '';
  return {
    ref: id,
    id,
    version: releaseOf({ labels }),
    type,
    number: Number(name.slice(type.length + 1)),
    size: labels[label.size] ?? '',
    state: 'booting',
    stale: false,
    order: order++,
    containerId: details.id,
    name,
    command: labels[label.command] ?? '',
    releaseId: labels[label.releaseId] ?? '',
    address: null,
    attempt: Number(labels[label.attempt] ?? 0),
    restarts: Number(labels[label.restarts] ?? 0),
    createdAt: Date.parse(details.createdAt),
    stateAt: Date.parse(details.startedAt ?? details.createdAt),
    ends: new AbortController(),
    graceMs: null,
    died: false,
    code: null,
    found: true,
    adopted: true,
    unready: new Set(),
  };
}

export function setState(process: Tracked, state: Running['state']): void {
  process.state = state;
  process.stateAt = Date.now();
}

/** Everything `ps` shows: what lives, and the slots whose process waits for its next attempt. */
export function statusOf(
  appId: string,
  tracked: readonly Tracked[],
  wanted: readonly Member[],
  setbacks: ReadonlyMap<string, Setback>,
  runnables: ReadonlyMap<number, Runnable>,
): ProcessStatus[] {
  const live = tracked.filter((process) => process.state !== 'ended');
  const slots = new Set(live.map(slotOf));
  const crashed = wanted
    .filter((member) => !slots.has(slotOf(member)) && setbacks.has(slotOf(member)))
    .map((member) =>
      crashedStatus(appId, member, setbacks.get(slotOf(member))!, runnables.get(member.version)),
    );
  return [...live.map((process) => liveStatus(appId, process, setbacks)), ...crashed].sort(
    (a, b) => a.type.localeCompare(b.type) || a.number - b.number,
  );
}

function liveStatus(appId: string, process: Tracked, setbacks: ReadonlyMap<string, Setback>): ProcessStatus {
  return {
    id: process.id,
    appId,
    name: process.name,
    type: process.type,
    number: process.number,
    command: process.command,
    size: process.size,
    state: process.state === 'up' ? 'up' : process.state === 'stopping' ? 'down' : 'starting',
    releaseId: process.releaseId,
    releaseVersion: process.version,
    updatedAt: new Date(process.stateAt).toISOString(),
    createdAt: new Date(process.createdAt).toISOString(),
    restarts: process.restarts,
    code:
      process.code ?? (process.state === 'stopping' ? null : (setbacks.get(slotOf(process))?.code ?? null)),
  };
}

function crashedStatus(
  appId: string,
  member: Member,
  { since, interrupted, restarts, code }: Setback,
  runnable: Runnable | undefined,
): ProcessStatus {
  const at = new Date(since).toISOString();
  return {
    // No container, so no id of its own: one that stays the same while it waits.
    id: idOf(`${appId} ${slotOf(member)}`),
    appId,
    name: processName(member.type, member.number),
    type: member.type,
    number: member.number,
    command: runnable?.types[member.type] ?? '',
    size: member.size,
    state: interrupted ? 'starting' : 'crashed',
    releaseId: runnable?.release.id ?? '',
    releaseVersion: member.version,
    updatedAt: at,
    createdAt: at,
    // Its next start is not one yet.
    restarts: interrupted ? restarts : restarts - 1,
    code,
  };
}

/** In the form of a UUID made from a name (version 8). */
function idOf(name: string): string {
  const hash = createHash('sha256').update(name).digest('hex');
  const parts = [hash.slice(0, 8), hash.slice(8, 12), `8${hash.slice(13, 16)}`, `8${hash.slice(17, 20)}`];
  return [...parts, hash.slice(20, 32)].join('-');
}
