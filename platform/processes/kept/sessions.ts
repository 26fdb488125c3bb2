// One-offs whose caller may come back: begun when it first comes, held for a while when it is gone, hung up on after that.
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, notFound, PlatformError } from '../../domain/errors.ts';
import type { Attachment, ContainerState, ContainerSummary } from '../../engine/engine.ts';
import { label, ownLabels } from '../../engine/labels.ts';
import type { ProcessNeeds } from '../needs.ts';
import type { OneOffLines } from '../one-off-lines.ts';
import { type Caller, joinKeeper, type Link, type Seen } from './link.ts';

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
  /** One that was just made waits for its caller. */
  hold(container: ContainerSummary): void;
  /** So does one that was found on the engine. Those that are known already are left alone. */
  adopt(container: ContainerSummary): void;
}

interface Needs extends Pick<ProcessNeeds, 'engine' | 'instance' | 'reattachMs' | 'onProblem'> {
  tell: OneOffLines;
  /** Tells the log of its end. */
  ended(container: ContainerSummary, status: number): Promise<void>;
  clear(container: ContainerSummary): Promise<void>;
}

interface Held {
  container: ContainerSummary;
  /** Of the caller that is there. */
  visit: { link: Link | null } | null;
  /** Until it is hung up on. */
  timer: NodeJS.Timeout | undefined;
  /** Status, once it was begun. */
  end: Promise<number> | null;
  /** Nobody is waited for any more. */
  over: boolean;
}

const hangUpMs = 10_000;
/** Of one that was found before it was begun nobody may ever have heard; who has comes at once. */
const notBegunMs = 15_000;
/** What ended has its last output on its way to us. */
const lastWordsMs = 2000;

export function createKeptSessions(needs: Needs): KeptSessions {
  const { engine, tell } = needs;
  const known = new Map<string, Held>();
  const opening = new Set<string>();
  const told = (error: unknown): void => needs.onProblem(`run: ${messageOf(error)}`);

  function hold(container: ContainerSummary, waitMs = needs.reattachMs): void {
    if (known.has(container.id)) return;
    const held: Held = { container, visit: null, timer: undefined, end: null, over: false };
    known.set(container.id, held);
    if (container.state !== 'created') watch(held);
    awaitCaller(held, waitMs);
  }

  function awaitCaller(held: Held, waitMs = needs.reattachMs): void {
    clearTimeout(held.timer);
    if (known.get(held.container.id) !== held) return;
    held.timer = setTimeout(() => giveUp(held), waitMs);
    held.timer.unref();
  }

  function watch(held: Held): Promise<number> {
    held.end = engine.wait(held.container.id).then(async (status) => {
      await needs.ended(held.container, status);
      return status;
    });
    held.end.then(
      () => void (held.over && finish(held).catch(told)),
      // The engine is away, or somebody removed it: `hold` finds it again if it is still there.
      () => forget(held),
    );
    return held.end;
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
    // One that had ended before.
    held.end.then(() => void (known.has(id) && finish(held).catch(told))).catch(() => undefined);
  }

  /** Attached to before it starts, so that nothing of it is missed. */
  async function begin(held: Held): Promise<Attachment> {
    const { container } = held;
    try {
      const attachment = await engine.attach(container.id, { stdin: true, tty: false });
      watch(held);
      tell.starting(container);
      await engine.start(container.id);
      tell.up(container);
      return attachment;
    } catch (error) {
      // With the engine it may be out of reach; then it is looked for again when that is back.
      await finish(held).catch(() => undefined);
      throw error;
    }
  }

  /** @returns null when it has ended, whatever it had still to say */
  async function join(
    held: Held,
    attached: Promise<Attachment>,
    seen: Seen,
    caller: Caller,
  ): Promise<Link | null> {
    const attachment = await attached;
    try {
      return await joinKeeper(attachment, seen, caller);
    } catch (error) {
      const { state } = await engine.inspect(held.container.id);
      if (state === 'running' || state === 'paused') throw error;
      return null;
    }
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
    try {
      if (state === 'exited' || state === 'dead') return sessionOf(held, null);
      const { id } = held.container;
      const attached = held.end ? engine.attach(id, { stdin: true, tty: false }) : begin(held);
      return sessionOf(held, await join(held, attached, seen, caller));
    } catch (error) {
      if (known.get(held.container.id) === held) awaitCaller(held);
      throw error;
    }
  }

  return {
    async open(appId, session, seen, caller) {
      const own = { ...ownLabels(needs.instance, 'run'), [label.app]: appId };
      const [found] = await engine.list({ ...own, [label.session]: session });
      if (!found) throw notFound('dyno', 'That one-off process is gone. Run the command again.');
      hold(found);
      const held = known.get(found.id)!;
      if (held.over)
        throw notFound('dyno', 'That one-off process was hung up on: its caller was away for too long.');
      if (opening.has(session))
        throw new PlatformError('service_unavailable', 'Another connection to it is being made.');
      opening.add(session);
      return visit(held, found.state, seen, caller).finally(() => opening.delete(session));
    },
    hold,
    adopt: (container) =>
      container.state === 'created'
        ? hold(container, Math.min(notBegunMs, needs.reattachMs))
        : hold(container),
  };
}
