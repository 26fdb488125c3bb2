// Gives every follower its turns: those with a chunk to read at once and in rotation, others rarely enough to cost little or nothing.
import { setImmediate as breathe } from 'node:timers/promises';
import { messageOf } from '../domain/errors.ts';
import { steadyMs } from '../domain/time-limit.ts';
import type { Follower, Turn } from './follow.ts';

export interface Pump {
  add(follower: Follower): void;
  /** Resolves when its last turn is over; the follower is closed and forgotten then. Never when all ends before that. */
  finish(follower: Follower): Promise<void>;
  drop(follower: Follower): void;
  close(): Promise<void>;
}

const activeMs = 15;
const idleMs = 200;
const retryMs = 1000;
/** How long after its last line a process counts as active. */
const activeFor = 2000;

/** Of what is not read yet nobody may believe that it was. */
const never = new Promise<never>(() => {});

interface Seat {
  follower: Follower;
  nextAt: number;
  activeUntil: number;
  failing: boolean;
  ended: (() => void)[];
}

/** @param onFailure a turn failed (it is repeated, and this not said again until one succeeds) */
export function createPump(onFailure: (follower: Follower, message: string) => void): Pump {
  const seats = new Map<Follower, Seat>();
  let closed = false;
  let wake: () => void = () => {};
  const running = run();

  async function run(): Promise<void> {
    while (!closed) {
      const busy = await round();
      if (!busy && !closed) await pause();
    }
  }

  async function round(): Promise<boolean> {
    const now = steadyMs();
    let busy = false;
    for (const seat of seats.values()) {
      if (seat.nextAt > now) continue;
      const turn = attempt(seat, now);
      if (turn !== 'more') continue;
      busy = true;
      await breathe();
      if (closed) break;
    }
    return busy;
  }

  function attempt(seat: Seat, now: number): Turn {
    try {
      const turn = seat.follower.turn();
      seat.failing = false;
      if (turn === 'more' || turn === 'some') seat.activeUntil = now + activeFor;
      // Lines that come one after another are taken together: each turn costs as much as hundreds of them.
      if (turn !== 'more')
        seat.nextAt = now + (now < seat.activeUntil || seat.ended.length > 0 ? activeMs : idleMs);
      if (turn === 'ended') leave(seat);
      return turn;
    } catch (error) {
      if (!seat.failing) onFailure(seat.follower, messageOf(error));
      seat.failing = true;
      seat.nextAt = now + retryMs;
      return 'quiet';
    }
  }

  function leave(seat: Seat): void {
    seats.delete(seat.follower);
    seat.follower.close();
    for (const ended of seat.ended) ended();
  }

  async function pause(): Promise<void> {
    const now = steadyMs();
    let next = now + retryMs;
    for (const seat of seats.values()) next = Math.min(next, seat.nextAt);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, next - now));
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    add(follower) {
      // What has just started is about to print.
      const activeUntil = steadyMs() + activeFor;
      seats.set(follower, { follower, nextAt: 0, activeUntil, failing: false, ended: [] });
      wake();
    },
    async finish(follower) {
      if (closed) return await never;
      const seat = seats.get(follower);
      if (!seat) return;
      follower.expectEnd();
      seat.nextAt = 0;
      wake();
      await new Promise<void>((resolve) => seat.ended.push(resolve));
    },
    drop(follower) {
      const seat = seats.get(follower);
      if (seat) leave(seat);
    },
    async close() {
      closed = true;
      wake();
      await running;
      for (const { follower } of seats.values()) follower.close();
      seats.clear();
    },
  };
}
