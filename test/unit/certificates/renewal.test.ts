// When certificates are ordered and renewed, and how long a failure waits, with a clock of the test's own.
import { expect, test } from 'vitest';
import { waitOf } from '../../../platform/certificates/acme.ts';
import {
  byHandAt,
  dueAt,
  type Failure,
  failed,
  isAboutAll,
  nextOrder,
  waitsFor,
} from '../../../platform/certificates/renewal.ts';

const day = 86_400_000;
const start = Date.parse('2026-03-01T00:00:00.000Z');
const at = (days: number): string => new Date(start + days * day).toISOString();
const certificate = { notBefore: at(0), notAfter: at(90), createdAt: at(0), ofAnother: false };
const state = (host: string, more: Partial<Parameters<typeof dueAt>[0]> = {}) => ({
  host,
  certificate: null,
  failure: null,
  ...more,
});

test('a host without a certificate is due at once', () => {
  expect(dueAt(state('www.example.com'))).toBeLessThanOrEqual(start);
});

test('renewals come before a third of the time is left, each host at a moment of its own that stays', () => {
  const hosts = Array.from({ length: 200 }, (_, index) => `${index}.example.com`);
  const days = hosts.map((host) => (dueAt(state(host, { certificate })) - start) / day);
  expect(Math.max(...days)).toBeLessThanOrEqual(60);
  expect(Math.min(...days)).toBeGreaterThanOrEqual(55);
  expect(new Set(days.map((one) => Math.floor(one * 24))).size).toBeGreaterThan(50);
  expect(hosts.map((host) => (dueAt(state(host, { certificate })) - start) / day)).toEqual(days);
});

test('failures wait longer each time, to a day, and at most three times in the first hour', () => {
  let failure: Failure | null = null;
  let clock = start;
  const pauses: number[] = [];
  for (let round = 0; round < 12; round += 1) {
    failure = failed('www.example.com', failure, 'No such host.', new Date(clock));
    pauses.push((Date.parse(failure.nextAt) - clock) / 60_000);
    clock = Date.parse(failure.nextAt);
  }
  expect(failure!.failures).toBe(12);
  for (const [index, pause] of pauses.entries()) {
    const wanted = Math.min(10 * 2 ** index, 1440);
    expect(pause).toBeGreaterThanOrEqual(wanted);
    expect(pause).toBeLessThanOrEqual(wanted * 1.1);
  }
});

test('what an authority asks for counts where it is longer', () => {
  const wait = (ms: number): number =>
    Date.parse(failed('a', null, 'Too many.', new Date(start), ms).nextAt) - start;
  expect(wait(3 * day)).toBeGreaterThanOrEqual(3 * day);
  expect(wait(waitOf('9'.repeat(30)))).toBeLessThanOrEqual(33 * day);
  expect(wait(1000)).toBeGreaterThanOrEqual(600_000);
  expect(waitOf('120')).toBe(120_000);
  expect(waitOf(new Date(start + 5000).toUTCString(), start)).toBe(5000);
  expect([waitOf(undefined), waitOf('soon'), waitOf(new Date(start - 5000).toUTCString(), start)]).toEqual([
    0, 0, 0,
  ]);
});

test('what an authority asked for is known apart from our own pause', () => {
  const asked = (ms?: number): Failure => failed('a', null, 'No.', new Date(start), ms);
  expect(asked().askedUntil).toBeNull();
  expect(asked(1000).askedUntil).toBe(new Date(start + 1000).toISOString());
  expect(asked(day).askedUntil).toBe(at(1));
  expect(asked(400 * day).askedUntil).toBe(at(30));
  // Too much, and it did not say for how long.
  expect(asked(0).askedUntil).toBe(asked(0).nextAt);
});

test('by hand a host is tried a minute after its first failure, and however long somebody goes on, its limit is not used up', () => {
  let failure: Failure | null = null;
  let clock = start;
  // Of Let's Encrypt: five failures of a host, and one more every 12 minutes.
  let allowed = 5;
  const pauses: number[] = [];
  for (let round = 0; round < 50; round += 1) {
    failure = failed('a', failure, 'No such host.', new Date(clock));
    const next = byHandAt(failure);
    expect(next).toBeLessThan(Date.parse(failure.nextAt));
    allowed = Math.min(5, allowed - 1 + (next - clock) / (12 * 60_000));
    expect(allowed).toBeGreaterThanOrEqual(1);
    pauses.push((next - clock) / 60_000);
    clock = next;
  }
  expect(pauses.slice(0, 8)).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
});

test('by hand nothing is tried before the end of what the authority asked for', () => {
  const asked = failed('a', null, 'Too many.', new Date(start), day);
  expect(byHandAt(asked)).toBe(start + day);
  const unsaid = failed('a', null, 'Too many.', new Date(start), 0);
  expect(byHandAt(unsaid)).toBeGreaterThanOrEqual(Date.parse(unsaid.nextAt));
  // Shorter than our own pause: then it may be.
  expect(byHandAt(failed('a', null, 'Busy.', new Date(start), 120_000))).toBe(start + 120_000);
});

test('only what would be ordered now without its failure waits for that', () => {
  const failure = failed('a', null, 'Away.', new Date(start));
  expect(waitsFor(state('a', { failure }), new Date(start))).toBe(failure);
  expect(waitsFor(state('a', { failure }), new Date(failure.nextAt))).toBeNull();
  expect(waitsFor(state('a', { failure, certificate }), new Date(start))).toBeNull();
  expect(waitsFor(state('a'), new Date(start))).toBeNull();
});

test('a renewal that failed waits as any failure does, and never comes before its time', () => {
  const failure = failed('a', null, 'Away.', new Date(start + 61 * day));
  expect(dueAt(state('a', { certificate, failure }))).toBe(Date.parse(failure.nextAt));
  const old = failed('a', null, 'Away.', new Date(start));
  expect(dueAt(state('a', { certificate, failure: old }))).toBe(dueAt(state('a', { certificate })));
});

test('one that looks old at once, since a clock is wrong, is not ordered over and over', () => {
  const strange = { notBefore: at(-80), notAfter: at(10), createdAt: at(0), ofAnother: false };
  expect(dueAt(state('a', { certificate: strange }))).toBe(start + 30 * day);
});

test('one of another authority is due at once, after hosts without any, and its failure waits', () => {
  const ofAnother = (days: number) => ({ ...certificate, createdAt: at(days), ofAnother: true });
  const [older, newer] = [
    state('z', { certificate: ofAnother(-9) }),
    state('a', { certificate: ofAnother(-8) }),
  ];
  expect(dueAt(newer)).toBeLessThanOrEqual(start);
  expect(nextOrder([newer, older])?.host).toBe('z');
  expect(nextOrder([newer, older, state('zz')])?.host).toBe('zz');
  const failure = failed('a', null, 'Away.', new Date(start));
  expect(dueAt({ ...newer, failure })).toBe(Date.parse(failure.nextAt));
  expect(waitsFor({ ...newer, failure }, new Date(start))).toBe(failure);
});

test('what is due longest comes first', () => {
  expect(nextOrder([])).toBeUndefined();
  const waiting = state('a', { failure: failed('a', null, 'Away.', new Date(start)) });
  expect(nextOrder([waiting, state('c'), state('b'), state('d', { certificate })])?.host).toBe('b');
  expect(nextOrder([state('d', { certificate }), waiting])?.host).toBe('a');
});

test.each([
  ['too many certificates (50) already issued for "example.com" in the last 168h0m0s', false],
  ['Too many failed authorizations (5) for "www.EXAMPLE.com", retry later.', false],
  ['for this set of identifiers: *.example.com.', false],
  ['too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s', false],
  ['too many new orders (300) from this account in the last 3h0m0s, see https://ca.test/docs', true],
  ['for "other-example.com"', true],
  ['com', true],
  ['ca.test answered with status 503.', true],
])('said when www.example.com was ordered, "%s" is about all orders: %s', (reason, all) => {
  expect(isAboutAll(reason, 'www.example.com')).toBe(all);
});

test('before the end of what holds all orders none is due', () => {
  const hold = failed('*', null, 'Too many.', new Date(start), day);
  expect(nextOrder([state('a.test')], hold)).toEqual({ host: 'a.test', at: Date.parse(hold.nextAt) });
  expect(nextOrder([], hold)).toBeUndefined();
});
