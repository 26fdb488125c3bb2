// What to do next for one app: wanted × running → steps. Pure; the supervisor acts on it.

/** One process that should run. */
export interface Member {
  /** Release version it belongs to. */
  version: number;
  type: string;
  number: number;
  size: string;
  /** Started again after a crash. False while its release is still on trial: there a crash is the answer. */
  restart: boolean;
}

export interface Running {
  /** Our own handle. */
  ref: string;
  version: number;
  type: string;
  number: number;
  size: string;
  /** creating: no container yet. booting: started, not proven. up: ready. stopping: asked to end. ended: has ended. */
  state: 'creating' | 'booting' | 'up' | 'stopping' | 'ended';
  /** Asked to be replaced (`ps:restart`). */
  stale: boolean;
  /** It has ended, and why is not known yet: until then nothing takes its place. */
  unsettled?: boolean;
  /** Order of creation. */
  order: number;
  /** It ran before we came: while it is not proven again, visitors may be sent there. */
  found?: boolean;
}

/** How a slot's last process ended, and when it may be tried again (ms since the epoch). */
export interface Crash {
  attempt: number;
  retryAt: number;
}

export type Step =
  | { do: 'start'; member: Member; attempt: number }
  | { do: 'stop'; ref: string }
  /** Look again then. */
  | { do: 'wait'; until: number };

/** It is on its way out, or gone. */
export function isEnding({ state }: Pick<Running, 'state'>): boolean {
  return state === 'stopping' || state === 'ended';
}

export function slotOf(process: Pick<Member, 'version' | 'type' | 'number'>): string {
  return `${process.version}/${process.type}.${process.number}`;
}

/** How processes change over. */
export interface Manner {
  /** Its old ones run until the new ones are up; of any other type never more run than are wanted. */
  overlaps(type: string): boolean;
  /** As many start at the same time. */
  parallel: number;
}

export function plan(
  wanted: readonly Member[],
  running: readonly Running[],
  crashes: ReadonlyMap<string, Crash>,
  now: number,
  { overlaps, parallel }: Manner,
): Step[] {
  const steps: Step[] = [];
  const bySlot = groupBySlot(running.filter((process) => process.state !== 'ended'));
  const kept = new Set<string>();
  for (const member of wanted) {
    for (const process of keepFor(member, bySlot.get(slotOf(member)) ?? [], overlaps)) kept.add(process.ref);
  }
  for (const process of running) {
    // What is still being created cannot be stopped yet; the plan runs again when it exists.
    if (kept.has(process.ref) || isEnding(process) || process.state === 'creating') continue;
    if (!mayStop(process, { wanted, running, crashes, steps })) continue;
    steps.push({ do: 'stop', ref: process.ref });
  }
  const room = roomByType(wanted, running);
  let turns = parallel - running.filter(({ state }) => state === 'creating' || state === 'booting').length;
  const unsettled = new Set(running.flatMap((one) => (one.unsettled ? [slotOf(one)] : [])));
  for (const member of wanted) {
    if ((bySlot.get(slotOf(member)) ?? []).some((process) => isFresh(member, process))) continue;
    if (unsettled.has(slotOf(member))) continue;
    const crash = crashes.get(slotOf(member));
    if (crash && !member.restart) continue;
    if (crash && crash.retryAt > now) {
      steps.push({ do: 'wait', until: crash.retryAt });
      continue;
    }
    const left = room.get(member.type) ?? 0;
    if (turns <= 0 || (!overlaps(member.type) && left <= 0)) continue;
    room.set(member.type, left - 1);
    turns--;
    steps.push({ do: 'start', member, attempt: crash?.attempt ?? 0 });
  }
  return steps;
}

interface Round {
  wanted: readonly Member[];
  running: readonly Running[];
  crashes: ReadonlyMap<string, Crash>;
  steps: readonly Step[];
}

/** A restart rolls: of a type that does not overlap one process after another is replaced. */
function mayStop(process: Running, { wanted, running, crashes, steps }: Round): boolean {
  if (!process.stale) return true;
  const slot = slotOf(process);
  const succeeded = running.some((one) => slotOf(one) === slot && one.state === 'up' && !one.stale);
  if (succeeded || !wanted.some((member) => slotOf(member) === slot)) return true;
  const stopped = new Set(steps.map((step) => (step.do === 'stop' ? step.ref : '')));
  const isSibling = ({ type, version }: Pick<Running, 'type' | 'version'>): boolean =>
    type === process.type && version === process.version;
  const waits = running.some(
    (other) => other !== process && isSibling(other) && (stopped.has(other.ref) || isOnItsWay(other)),
  );
  // The successor of one that has just ended is started in this very round.
  const live = new Set(running.flatMap((one) => (one.state === 'ended' ? [] : [slotOf(one)])));
  return !(
    waits || wanted.some((one) => isSibling(one) && !live.has(slotOf(one)) && !crashes.has(slotOf(one)))
  );
}

function isOnItsWay({ state, stale }: Running): boolean {
  return state === 'stopping' || (!stale && (state === 'creating' || state === 'booting'));
}

/** Waiting time before attempt n (from 1) of a crashed process: 1 s, 2 s, 4 s … 5 min. */
export function backOffMs(attempt: number): number {
  return Math.min(1000 * 2 ** Math.max(0, attempt - 1), 300_000);
}

function groupBySlot(running: readonly Running[]): Map<string, Running[]> {
  const groups = new Map<string, Running[]>();
  for (const process of running) {
    const group = groups.get(slotOf(process));
    if (group) group.push(process);
    else groups.set(slotOf(process), [process]);
  }
  return groups;
}

function isFresh(member: Member, process: Running): boolean {
  return !isEnding(process) && !process.stale && process.size === member.size;
}

/** The best fresh one, and where they overlap also the stale ones that go on until it is up. */
function keepFor(member: Member, candidates: readonly Running[], overlaps: Manner['overlaps']): Running[] {
  const rank = { up: 0, booting: 1, creating: 2, stopping: 3, ended: 4 };
  const fresh = candidates
    .filter((process) => isFresh(member, process))
    .sort((a, b) => rank[a.state] - rank[b.state] || b.order - a.order)[0];
  if (!overlaps(member.type) || fresh?.state === 'up') return fresh ? [fresh] : [];
  const serves = ({ state, found }: Running): boolean =>
    state === 'up' || (state === 'booting' && found === true);
  const stale = candidates.filter((process) => serves(process) && !isFresh(member, process));
  return fresh ? [fresh, ...stale] : stale;
}

/** How many more of each type may be started: wanted less those that still live, also those on their way out. */
function roomByType(wanted: readonly Member[], running: readonly Running[]): Map<string, number> {
  const room = new Map<string, number>();
  for (const member of wanted) room.set(member.type, (room.get(member.type) ?? 0) + 1);
  for (const process of running) {
    if (process.state !== 'ended') room.set(process.type, (room.get(process.type) ?? 0) - 1);
  }
  return room;
}
