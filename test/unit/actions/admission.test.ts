// Wrong tokens: slowed down by address, bounded in memory, and of no harm to right ones.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createAdmission } from '../../../platform/actions/admission.ts';
import { createThrottle } from '../../../platform/actions/throttle.ts';
import { openStore, type Store } from '../../../platform/store/store.ts';

let folder: string;
let store: Store;
let clock: number;
const now = (): number => clock;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-admission-'));
  store = openStore({ folder, create: true });
  clock = Date.now();
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

const here = { address: '192.0.2.1' };
const elsewhere = { address: '192.0.2.2' };

function outcome(
  admission: ReturnType<typeof createAdmission>,
  text: string,
  from: { address: string },
): string {
  try {
    return admission.admit(text, from).user.email;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

function tokenOf(email: string): string {
  return store.tokens.create(store.users.create(email).id, { description: 'x', scope: 'write' }).text;
}

test('after twenty wrong ones an address waits, and then has one try each second', () => {
  const admission = createAdmission(store, now);
  const wrong = (): string => outcome(admission, `twelve-${Math.random()}`, here);
  expect(Array.from({ length: 22 }, wrong)).toEqual([
    ...Array(20).fill('unauthorized'),
    ...Array(2).fill('rate_limit'),
  ]);
  expect(() => admission.admit('x', here)).toThrow(
    expect.objectContaining({ details: { retryAfter: 1 }, message: expect.stringContaining('Wait 1 s') }),
  );
  clock += 1000;
  expect([wrong(), wrong()]).toEqual(['unauthorized', 'rate_limit']);
  clock += 20_000;
  expect(Array.from({ length: 21 }, wrong)).toEqual([...Array(20).fill('unauthorized'), 'rate_limit']);
});

test('a right token elsewhere is not held up, nor is one here that was right a while ago; another one waits a second', () => {
  const admission = createAdmission(store, now);
  const [known, fresh] = [tokenOf('known@example.com'), tokenOf('fresh@example.com')];
  expect(outcome(admission, known, here)).toBe('known@example.com');
  for (let index = 0; index < 100; index++) outcome(admission, `wrong-${index}`, here);
  expect(outcome(admission, known, here)).toBe('known@example.com');
  expect(outcome(admission, fresh, elsewhere)).toBe('fresh@example.com');
  const other = tokenOf('other@example.com');
  expect(outcome(admission, other, here)).toBe('rate_limit');
  clock += 1000;
  expect(outcome(admission, other, here)).toBe('other@example.com');
});

test('a token that was right and is revoked is a wrong one at once', () => {
  const admission = createAdmission(store, now);
  const token = tokenOf('ada@example.com');
  const { id } = admission.admit(token, here).token;
  store.tokens.remove(id);
  expect(outcome(admission, token, here)).toBe('unauthorized');
  for (let index = 0; index < 19; index++) outcome(admission, token, here);
  expect(outcome(admission, token, here)).toBe('rate_limit');
});

test('refusals are written down up to a rate, and those left out are counted', () => {
  const admission = createAdmission(store, now);
  for (let index = 0; index < 500; index++)
    outcome(admission, 'wrong', { address: `192.0.2.${index % 250}` });
  const written = () => store.audit.list({}, { before: null, max: 1000 });
  expect(written()).toHaveLength(20);
  expect(written()[0]).toMatchObject({
    action: 'login',
    outcome: 'refused',
    detail: 'an unknown token',
    userId: null,
  });
  clock += 30_000;
  outcome(admission, 'wrong', elsewhere);
  expect(written()[0]?.detail).toBe(
    '480 more refusals were not written down before this one; an unknown token',
  );
});

test('memory is bounded, however many addresses fail', () => {
  const throttle = createThrottle(now);
  for (let tries = 0; tries < 20; tries++) throttle.failed('198.51.100.1');
  expect(throttle.waitMs('198.51.100.1')).toBe(1000);
  for (let index = 0; index < 10_000; index++) throttle.failed(`10.0.${index >> 8}.${index & 255}`);
  // The one that failed longest ago made room.
  expect(throttle.waitMs('198.51.100.1')).toBe(0);
});

test('a host’s addresses of IPv6 count as one, and one of IPv4 is the same in both forms', () => {
  const throttle = createThrottle(now);
  for (let tries = 0; tries < 20; tries++) throttle.failed(`2001:db8:1:2::${tries}`);
  expect(throttle.waitMs('2001:db8:1:2:ffff::1')).toBe(1000);
  expect(throttle.waitMs('2001:0db8:0001:0002:0:0:0:9')).toBe(1000);
  expect(throttle.waitMs('2001:db8:1:3::1')).toBe(0);
  for (let tries = 0; tries < 20; tries++) throttle.failed('::ffff:192.0.2.1');
  expect(throttle.waitMs('192.0.2.1')).toBe(1000);
  for (let tries = 0; tries < 20; tries++) throttle.failed('fe80::1%eth0');
  expect(throttle.waitMs('fe80::2%eth1')).toBe(1000);
});

test('the time of day, which is set back and forth, holds nobody up and lets nobody through', () => {
  const admission = createAdmission(store);
  const token = tokenOf('ada@example.com');
  const wrong = (address: string): string => outcome(admission, `twelve-${Math.random()}`, { address });
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    expect(wrong('192.0.2.1')).toBe('unauthorized');
    vi.setSystemTime(Date.now() - 3_600_000);
    expect(outcome(admission, token, here)).toBe('ada@example.com');
    for (let tries = 0; tries < 19; tries++) wrong('192.0.2.1');
    vi.setSystemTime(Date.now() + 7_200_000);
    expect(wrong('192.0.2.1')).toBe('rate_limit');
    vi.setSystemTime(Date.now() - 86_400_000);
    for (let tries = 0; tries < 500; tries++) wrong(`198.51.100.${tries % 250}`);
  } finally {
    vi.useRealTimers();
  }
  expect(store.audit.list({}, { before: null, max: 1000 })).toHaveLength(20);
});
