// A scale, a resize or a restart on trial: whether what it asked for runs, what kept it from that, what to let be then.
import { PlatformError } from '../domain/errors.ts';
import { concerns, isOnTrial, type ProcessChange } from '../domain/process-change.ts';
import type { ProcessSettings } from '../domain/process-settings.ts';
import type { Store } from '../store/store.ts';
import { isEnding, type Member, slotOf } from './plan.ts';
import type { Made, Setbacks } from './setbacks.ts';
import type { Stage } from './stage.ts';
import { nextOrder, type Tracked } from './tracked.ts';
import { type Turn, turnOf } from './turns.ts';

/**
 * done: what is wanted runs, and nothing else of it. failed: what the change itself had started did not become ready.
 * wanting: what it had started runs, but another that is wanted does not.
 */
export type Verdict =
  | { is: 'open' }
  | { is: 'done' }
  | { is: 'failed'; failure: PlatformError; process: string; formerRuns: boolean }
  | { is: 'wanting'; failure: PlatformError };

export interface Trial {
  /** It was stored: what it is about is started anew, whatever failed before. */
  begin(change: ProcessChange): void;
  /** The same of one that another server stored, and perhaps did not come to begin. */
  resume(change: ProcessChange): void;
  verdict(change: ProcessChange): Verdict;
  /**
   * It failed. To be called while the formation is still the one that failed.
   * @returns has what runs of before kept; to be called once it is stored that it failed
   */
  letGo(change: ProcessChange): () => void;
  /** Whether a process that was found running was to be replaced. */
  isStale(process: Tracked): boolean;
  /** What to plan for now: one type after another. */
  turn(): Turn;
}

export interface TrialNeeds {
  appId: string;
  store: Store;
  setbacks: Setbacks;
  all(): Tracked[];
  wanted(): Member[];
  stage(): Stage;
  /** Of the release that serves. */
  settings(): ProcessSettings;
  /** Nothing is started or stopped yet. */
  held(): boolean;
}

export function createTrial(needs: TrialNeeds): Trial {
  const { appId, store, setbacks, all, wanted, stage, held } = needs;
  const living = (): Tracked[] => all().filter((process) => !isEnding(process));
  /** Changes that began under us → the process that was tracked next. */
  const begun = new Map<string, number>();

  /** A clock may be set: its time counts only where nobody saw the order, of what ran before we came. */
  function isOlder(process: Made, change: ProcessChange): boolean {
    const first = begun.get(change.id);
    if (first !== undefined && process.order < first) return true;
    return process.adopted && process.createdAt < Date.parse(change.createdAt);
  }

  /** Of one that the change has replaced only what came after the change counts: the end of the one before is none of its. */
  function failureOf(member: Member, change: ProcessChange): PlatformError | undefined {
    const setback = setbacks.all.get(slotOf(member));
    if (!setback || setback.interrupted) return undefined;
    if (isOnTrial(change, member) && isOlder(setback.of, change)) return undefined;
    return setbacks.failure(slotOf(member));
  }

  const inSlot = (member: Member): Tracked[] =>
    living().filter((process) => slotOf(process) === slotOf(member));
  const sizeOf = (type: string): string =>
    store.formations.of(appId).find((entry) => entry.type === type)?.size ?? '';

  function slotsOnTrial(change: ProcessChange): string[] {
    return [...setbacks.all.keys()].filter((slot) => {
      const [, type = '', number] = /^\d+\/(.+)\.(\d+)$/.exec(slot) ?? [];
      return isOnTrial(change, { type, number: Number(number), size: sizeOf(type) });
    });
  }

  function isUp(member: Member, change: ProcessChange): boolean {
    return inSlot(member).some(
      (process) =>
        process.state === 'up' &&
        process.size === member.size &&
        (change.kind === 'scale' || !isOlder(process, change)),
    );
  }

  /** What has to go still serves. */
  function isLeftOver(process: Tracked, change: ProcessChange, members: readonly Member[]): boolean {
    if (!concerns(change, process)) return false;
    if (change.kind === 'restart') return isOlder(process, change);
    return !members.some((one) => slotOf(one) === slotOf(process) && one.size === process.size);
  }

  /** Wanted, but of a type that what serves does not have. */
  function absent({ kind, former }: ProcessChange): Verdict {
    if (kind === 'restart') return { is: 'done' };
    const { serving } = stage();
    const without = store.formations
      .of(appId)
      .find(
        ({ type, quantity }) =>
          quantity > 0 &&
          type !== 'release' &&
          former.some((one) => one.type === type) &&
          !(serving && Object.hasOwn(serving.types, type)),
      );
    if (!without) return { is: 'done' };
    if (store.releases.list(appId).some((release) => release.status === 'pending')) return { is: 'open' };
    const why = serving
      ? `v${serving.version}, which serves, has no ${without.type}`
      : 'no release serves yet';
    return {
      is: 'wanting',
      failure: new PlatformError('release_failed', `No ${without.type} runs: ${why}.`),
    };
  }

  return {
    begin(change) {
      for (const id of begun.keys())
        if (store.processChanges.byId(id)?.status !== 'pending') begun.delete(id);
      begun.set(change.id, nextOrder());
      if (change.kind === 'restart')
        for (const process of living()) if (concerns(change, process)) process.stale = true;
      for (const slot of slotsOnTrial(change)) setbacks.excuse(slot);
    },
    resume(change) {
      for (const slot of slotsOnTrial(change))
        if (isOlder(setbacks.all.get(slot)!.of, change)) setbacks.excuse(slot);
    },
    verdict(change) {
      if (held()) return { is: 'open' };
      const { serving, rollout } = stage();
      const members = wanted().filter((one) => one.version === serving?.version && concerns(change, one));
      const failed = members.find((one) => isOnTrial(change, one) && failureOf(one, change));
      if (failed) {
        const formerRuns = inSlot(failed).some(({ state }) => state === 'up');
        const process = `${failed.type}.${failed.number}`;
        return { is: 'failed', failure: failureOf(failed, change)!, process, formerRuns };
      }
      // A rollout changes them anyway: it is waited for.
      if (rollout) return { is: 'open' };
      if (living().some((process) => isLeftOver(process, change, members))) return { is: 'open' };
      const missing = members.filter((one) => !isUp(one, change));
      if (missing.some((one) => inSlot(one).length > 0 || !failureOf(one, change))) return { is: 'open' };
      if (missing[0]) return { is: 'wanting', failure: failureOf(missing[0], change)! };
      return absent(change);
    },
    letGo(change) {
      const slots = slotsOnTrial(change);
      const others = store.processChanges.pendingOf(appId).filter((one) => one.id !== change.id);
      const stillStale = (process: Tracked): boolean =>
        others.some(
          (other) => other.kind === 'restart' && concerns(other, process) && isOlder(process, other),
        );
      return () => {
        if (change.kind === 'restart')
          for (const process of all()) if (concerns(change, process)) process.stale = stillStale(process);
        const running = new Set(all().flatMap((one) => (one.state === 'up' ? [slotOf(one)] : [])));
        // One that was restarted and has nothing to go back to is tried again, later each time.
        for (const slot of slots) if (change.kind === 'scale' || running.has(slot)) setbacks.excuse(slot);
      };
    },
    turn: () => turnOf({ ...needs, living, isUp }, all()),
    isStale: (process) =>
      store.processChanges
        .pendingOf(appId)
        .some((one) => one.kind === 'restart' && concerns(one, process) && isOlder(process, one)),
  };
}
