// When a certificate is ordered, renewed, and tried again after a failure. Pure; the clock is a parameter.
import { createHash } from 'node:crypto';

export interface HostState {
  host: string;
  /** The one that was ordered last. */
  certificate: Ordered | null;
  failure: Failure | null;
}

export interface Ordered {
  notBefore: string;
  notAfter: string;
  /** By our own clock. */
  createdAt: string;
  /** It is of another authority than the one that is asked now. */
  ofAnother: boolean;
}

export interface Failure {
  /** In a row. */
  failures: number;
  reason: string;
  failedAt: string;
  nextAt: string;
  /** Until when the authority asked to wait; null: it did not. */
  askedUntil: string | null;
}

const minute = 60_000;
/** An authority takes five failed attempts per host and hour (Let's Encrypt); this makes three. */
const firstPauseMs = 10 * minute;
const longestPauseMs = 24 * 60 * minute;
/** The first time that somebody may have it tried again by hand, and the longest that they wait for it. */
const [firstByHandMs, longestByHandMs] = [minute, 60 * minute];
/** Authorities count by weeks; who asks for more than a month means something else. */
const longestAskedMs = 30 * 24 * 60 * minute;

/**
 * What failed later than now did so by a clock that has been set back since, and would be waited for until then. A minute more
 * or less, as time servers correct it, is no reason.
 */
export function believable(failure: Failure | null | undefined, now: Date): Failure | null {
  return failure && Date.parse(failure.failedAt) <= now.getTime() + minute ? failure : null;
}

/** When the host's next order is due: milliseconds since the epoch. */
export function dueAt({ host, certificate, failure }: HostState): number {
  const wanted = certificate ? renewAt(host, certificate) : 0;
  return failure ? Math.max(wanted, Date.parse(failure.nextAt)) : wanted;
}

/**
 * Before a third of its time is left; each host at another moment, so that they do not come all at once for ever. Where our
 * clock and the authority's differ by weeks a new one may look old at once: it is not ordered over and over for that. One of
 * another authority is due at once: those that have waited longest come first, and hosts without any before them.
 */
function renewAt(host: string, { notBefore, notAfter, createdAt, ofAnother }: Ordered): number {
  if (ofAnother) return Date.parse(createdAt);
  const [from, to] = [Date.parse(notBefore), Date.parse(notAfter)];
  const wanted = to - (to - from) / 3 - spread(host) * ((to - from) / 20);
  return Math.max(wanted, Date.parse(createdAt) + (to - from) / 3);
}

/**
 * The one to be ordered next, and when; the longest due comes first. Undefined: none.
 * @param hold of the account, before whose end nothing is ordered
 */
export function nextOrder(
  states: readonly HostState[],
  hold: Failure | null = null,
): { host: string; at: number } | undefined {
  const orders = states.map((state) => ({ host: state.host, at: dueAt(state) }));
  const [first] = orders.sort((a, b) => a.at - b.at || a.host.localeCompare(b.host));
  return first && { ...first, at: Math.max(first.at, hold ? Date.parse(hold.nextAt) : 0) };
}

/**
 * Limits are by host, by the domain above it, or by our account and address, and the authority says which in its sentence alone:
 * one that names neither the host nor a domain above it is about every order. But for the one on certificates of the very
 * same names (Let's Encrypt), which says that it is about these without naming them.
 */
export function isAboutAll(reason: string, host: string): boolean {
  if (/\bexact set of (identifiers|domains)\b/i.test(reason)) return false;
  const labels = host.split('.');
  const names = labels.slice(1).map((_, index) => labels.slice(index).join('.'));
  const words = reason.toLowerCase().split(/[^a-z0-9._*-]+/);
  return !names.some((name) => words.some((word) => word.replace(/^\*\.|\.$/g, '') === name));
}

/**
 * @param whose host, or what else it is about: each has a moment of its own
 * @param askedMs how long the authority asked to wait, which counts where it is longer; 0: it did not say how long; null: it did not ask
 */
export function failed(
  whose: string,
  before: Failure | null,
  reason: string,
  now: Date,
  askedMs: number | null = null,
): Failure {
  const failures = (before?.failures ?? 0) + 1;
  const own = Math.min(firstPauseMs * 2 ** (failures - 1), longestPauseMs);
  const asked = Math.min(askedMs ?? 0, longestAskedMs);
  const after = (ms: number): string => new Date(now.getTime() + ms).toISOString();
  const nextAt = after(Math.max(own, asked) * (1 + spread(`${whose} ${failures}`) / 10));
  return {
    failures,
    reason,
    failedAt: now.toISOString(),
    nextAt,
    askedUntil: askedMs === null ? null : asked > 0 ? after(asked) : nextAt,
  };
}

/** The failure that alone keeps a host from being ordered now. */
export function waitsFor(state: HostState, now: Date): Failure | null {
  const { failure } = state;
  if (!failure || Date.parse(failure.nextAt) <= now.getTime()) return null;
  return dueAt({ ...state, failure: null }) <= now.getTime() ? failure : null;
}

/**
 * When it may be tried again by hand, in whole seconds: twice as long after each failure, so that it goes on for ever without
 * using up what an authority allows a host (Let's Encrypt: five failures, one more every 12 minutes). What that asked for is waited for.
 */
export function byHandAt({ failures, failedAt, askedUntil }: Failure): number {
  const own = Math.min(firstByHandMs * 2 ** (failures - 1), longestByHandMs);
  const at = Math.max(Date.parse(failedAt) + own, askedUntil === null ? 0 : Date.parse(askedUntil));
  return Math.ceil(at / 1000) * 1000;
}

/** From 0 to 1, the same each time. */
function spread(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 0xffffffff;
}
