// One-offs whose caller may come back: begun when it first comes, held for a while when it is gone, hung up on after that.
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, notFound, PlatformError } from '../../domain/errors.ts';
import { endedFromOutside } from '../../domain/process.ts';
import { type ContainerState, type ContainerSummary, hasEnded } from '../../engine/engine.ts';
import { label, ownLabels } from '../../engine/labels.ts';
import type { ProcessNeeds } from '../needs.ts';
import type { TellEnd } from '../one-off-ends.ts';
import type { OneOffLines } from '../one-off-lines.ts';
import type { OneOffList } from '../one-off-list.ts';
import { type Started, startAttached } from '../start-attached.ts';
import { join, joinStarted } from './join.ts';
import { type Caller, hasBegun, type Link, type Seen } from './link.ts';

/** What a caller holds until it leaves. */
export interface KeptSession extends Omit<Link, 'close' | 'closed'> {
  name: string;
  signal(name: string): Promise<void>;
  /** Exit status; nothing of it is left by then. */
  exit: Promise<number>;
  /** The connection is lost: it goes on, and waits for its caller. */
  left(): void;
  /** The caller does not want it any more. */
  hangUp(): void;
}

export interface KeptSessions {
  /**
   * @param appId in which the caller may run something
   * @param session what they proved to know the secret of
   * @throws PlatformError `not_found` when it is gone for good; others may be tried again
   */
  open(appId: string, session: string, seen: Seen, caller: Caller): Promise<KeptSession>;
  /** One that was just made waits for its caller. It is started meanwhile; the keeper begins the command when the caller is there. */
  hold(container: ContainerSummary): void;
  /** One that was found on the engine waits too. Those that are known already are left alone. */
  adopt(container: ContainerSummary): void;
  /** Whether its command waits for the first caller still. */
  awaitsFirst(id: string): boolean;
}

interface Needs extends Pick<ProcessNeeds, 'engine' | 'instance' | 'reattachMs' | 'onProblem'> {
  oneOffList: Pick<OneOffList, 'changed'>;
  tell: OneOffLines;
  ended: TellEnd;
  clear(container: ContainerSummary): Promise<void>;
}

interface Held {
  container: ContainerSummary;
  /** Of the caller that is there. */
  visit: { link: Link | null } | null;
  /** Until it is hung up on. */
  timer: NodeJS.Timeout | undefined;
  /** For the caller that comes first. */
  started: Promise<Started> | null;
  /** Its command has; undefined: it had ended when it was found. */
  begun: boolean | undefined;
  /** Its keeper is being asked for that. */
  asking: Promise<void> | null;
  /** Status, once its container was started. */
  end: Promise<number> | null;
  /** Nobody is waited for any more. */
  over: boolean;
}

const hangUpMs = 10_000;
/** Who asked for it comes at once; its keeper does not wait longer either. */
const firstMs = 60_000;
/** Of one that was found before its command began nobody may ever have heard. */
const usualNotBegunMs = 15_000;
/** What ended has its last output on its way to us. */
const lastWordsMs = 2000;
/** The keeper's, where it ends without having begun the command. */
const unbegunStatus = 129;
/** Its caller has its status, and may have lost the connection with that. */
const settledMs = 8000;

const neverBegun =
  'That one-off process ended before anybody was connected to it: its command never began. Run it again.';
const endedUnseen = (status: number): string =>
  `That one-off process was ended from outside (status ${status}), as happens with its engine, and nothing of its output is there. Whether its command began is not known: look at what it does before you run it again.`;

export function createKeptSessions(needs: Needs, notBegunMs = usualNotBegunMs): KeptSessions {
  const { engine } = needs;
  const known = new Map<string, Held>();
  const opening = new Set<string>();
  const told = (error: unknown): void => needs.onProblem(`run: ${messageOf(error)}`);

  function hold(container: ContainerSummary, waitMs = needs.reattachMs): Held {
    const before = known.get(container.id);
    if (before) return before;
    const begun = hasEnded(container.state) ? undefined : container.state !== 'created';
    const rest = { visit: null, timer: undefined, started: null, asking: null, end: null, over: false };
    const held: Held = { container, begun, ...rest };
    known.set(container.id, held);
    if (container.state !== 'created') watch(held, engine.wait(container.id));
    awaitCaller(held, waitMs);
    return held;
  }

  /** Never longer than for a caller that has left. */
  function awaitCaller(held: Held, waitMs = needs.reattachMs): void {
    clearTimeout(held.timer);
    if (known.get(held.container.id) !== held) return;
    held.timer = setTimeout(() => giveUp(held), Math.min(waitMs, needs.reattachMs));
    held.timer.unref();
  }

  /** Nobody is there, nor just coming. */
  function isAlone({ visit, container }: Held): boolean {
    return !visit && !opening.has(container.labels[label.session] ?? '');
  }

  /** It waits as one that was begun until its keeper has said that it was not. */
  async function untilKnown(held: Held): Promise<void> {
    held.begun = await hasBegun(await engine.attach(held.container.id, { stdin: true, tty: false }));
    if (!held.begun && isAlone(held)) awaitCaller(held, notBegunMs);
  }

  function watch(held: Held, ended: Promise<number>): void {
    held.end = ended.then(async (status) => {
      await needs.ended(held.container, status, held.begun !== false);
      return status;
    });
    held.end.then(
      () => void (held.over && finish(held).catch(told)),
      // The engine is away, or somebody removed it: `hold` finds it again if it is still there.
      () => forget(held),
    );
  }

  function forget(held: Held): void {
    clearTimeout(held.timer);
    if (known.get(held.container.id) === held) known.delete(held.container.id);
  }

  async function finish(held: Held): Promise<void> {
    forget(held);
    await needs.clear(held.container);
  }

  /** As a terminal would when its user goes; what ignores that is ended. */
  function giveUp(held: Held): void {
    held.over = true;
    held.visit?.link?.close();
    held.visit = null;
    clearTimeout(held.timer);
    const { id } = held.container;
    if (!held.end) return void finish(held).catch(told);
    void engine.kill(id, 'SIGHUP').catch(() => undefined);
    held.timer = setTimeout(() => void engine.kill(id, 'SIGKILL').catch(() => undefined), hangUpMs);
    held.timer.unref();
    // One that could not be started has no end that could be waited for.
    void held.started?.then(({ up }) => up).catch(() => finish(held).catch(told));
    // One that had ended before.
    held.end.then(() => void (known.has(id) && finish(held).catch(told))).catch(() => undefined);
  }

  /** A keeper that ended by itself had told its caller the status, and was told that it may go. */
  async function untilSettled(held: Held): Promise<void> {
    const status = await held.end;
    if (status === null || endedFromOutside.includes(status)) return;
    if (isAlone(held)) awaitCaller(held, settledMs);
  }

  async function begin(held: Held): Promise<Started> {
    const started = await startAttached(needs, held.container, false);
    watch(held, started.ended);
    return started;
  }

  /** Greeted for the first time the keeper begins the command. @param link null when it has ended */
  async function joined(held: Held, link: Link | null, seen: Seen): Promise<KeptSession> {
    if (link) {
      if (!held.begun) needs.tell.up(held.container);
      held.begun = true;
      // Had its command begun and printed nothing, the keeper would wait with the status for who has a right to it.
    } else if (!held.begun && seen.stdout + seen.stderr === 0) {
      const status = (await held.end) ?? unbegunStatus;
      const never = held.begun === false || status === unbegunStatus;
      if (never || endedFromOutside.includes(status)) {
        await finish(held);
        throw notFound('dyno', never ? neverBegun : endedUnseen(status));
      }
    }
    return sessionOf(held, link);
  }

  function sessionOf(held: Held, link: Link | null): KeptSession {
    const visit = { link };
    held.visit = visit;
    const { container } = held;
    const nothing = (): void => undefined;
    const there = (): boolean => held.visit === visit;
    const leave = (how: (held: Held) => void) => (): void => {
      if (!there()) return;
      held.visit = null;
      link?.close();
      how(held);
    };
    const exit = held.end!.then(async (status) => {
      await Promise.race([link?.closed, sleep(lastWordsMs, undefined, { ref: false })]);
      if (!there()) return status;
      // There is nothing left to be hung up on when its caller closes the connection.
      held.visit = null;
      link?.close();
      await finish(held);
      return status;
    });
    // Whoever asks for it is told; a caller that has just gone does not ask.
    exit.catch(() => undefined);
    return {
      name: container.labels[label.process] ?? 'run',
      ...(link ?? {
        taken: 0,
        write: nothing,
        endInput: nothing,
        resize: nothing,
        seen: nothing,
        bye: nothing,
      }),
      signal: (name) => engine.kill(container.id, name),
      exit,
      left: leave(awaitCaller),
      hangUp: leave(giveUp),
    };
  }

  async function visit(held: Held, state: ContainerState, seen: Seen, caller: Caller): Promise<KeptSession> {
    clearTimeout(held.timer);
    held.visit?.link?.close();
    held.visit = null;
    const { started } = held;
    held.started = null;
    const { id } = held.container;
    try {
      if (started || !held.end) {
        const failed = (): Promise<void> => finish(held);
        const link = await joinStarted(engine, id, started ?? begin(held), seen, caller, failed);
        return await joined(held, link, seen);
      }
      if (hasEnded(state)) return await joined(held, null, seen);
      // Who speaks to a keeper at the same time may end the other's line in its middle, and what was in that is lost.
      await held.asking;
      const attachment = await engine.attach(id, { stdin: true, tty: false });
      return await joined(held, await join(engine, id, attachment, seen, caller), seen);
    } catch (error) {
      if (known.get(held.container.id) === held) awaitCaller(held);
      throw error;
    }
  }

  /** Of one that nobody came for yet the engine need not be asked. */
  function untouched(labels: Readonly<Record<string, string>>): Held | undefined {
    const has = ({ labels: its }: ContainerSummary): boolean =>
      Object.entries(labels).every(([name, value]) => its[name] === value);
    return [...known.values()].find(({ started, container }) => started && has(container));
  }

  return {
    async open(appId, session, seen, caller) {
      const own = { ...ownLabels(needs.instance, 'run'), [label.app]: appId, [label.session]: session };
      const found = untouched(own)?.container ?? (await engine.list(own))[0];
      if (!found) throw notFound('dyno', 'That one-off process is gone. Run the command again.');
      const held = hold(found);
      if (held.over)
        throw notFound('dyno', 'That one-off process was hung up on: its caller was away for too long.');
      if (opening.has(session))
        throw new PlatformError('service_unavailable', 'Another connection to it is being made.');
      opening.add(session);
      return visit(held, found.state, seen, caller).finally(() => opening.delete(session));
    },
    hold(container) {
      const held = hold(container, firstMs);
      held.started = begin(held);
      // Told to the caller when it comes.
      held.started.catch(() => undefined);
    },
    adopt(container) {
      if (known.has(container.id)) return;
      const held = hold(container);
      if (container.state === 'created') awaitCaller(held, notBegunMs);
      else if (hasEnded(container.state)) untilSettled(held).catch(() => undefined);
      else if (container.state === 'running') held.asking = untilKnown(held).catch(() => undefined);
    },
    awaitsFirst: (id) => known.get(id)?.begun === false,
  };
}
