// server:gc where it takes long: who asks hears that it goes on, and what the audit log has of it is how it ended.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type ApiGround, startApi } from '../../support/api-ground.ts';

let ground: ApiGround;
beforeEach(async () => {
  ground = await startApi();
});
afterEach(async () => {
  vi.useRealTimers();
  await ground[Symbol.asyncDispose]();
});

test.each([
  ['done', (end: () => void) => end()],
  ['failed', (_end: () => void, fail: (error: Error) => void) => fail(new Error('the disk is gone'))],
] as const)('one of half a minute is written down as %s', async (outcome, finish) => {
  const { url, token, platform } = ground;
  const audit = () => platform.store.audit.list({}, { before: null, max: 10 });
  const nothing = { blobs: 0, bytes: 0, images: [] };
  let end!: { now(): void; failing(error: Error): void };
  const collected = new Promise<typeof nothing>((resolve, reject) => {
    end = { now: () => resolve(nothing), failing: reject };
  });
  const collecting = vi.spyOn(platform.slugs, 'collect').mockReturnValue(collected);
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const asked = fetch(`${url}/server/gc`, {
    ...{ method: 'POST', body: '{}' },
    headers: { authorization: `Bearer ${token}` },
  });
  await vi.waitFor(() => expect(collecting).toHaveBeenCalled());
  vi.advanceTimersByTime(30_000);
  const answer = await asked;
  expect([answer.status, audit()]).toEqual([200, []]);
  finish(end.now, end.failing);
  const text = await answer.text();
  expect(text.startsWith(' ')).toBe(true);
  expect(text.trim() !== '').toBe(outcome === 'done');
  expect(audit()).toMatchObject([{ action: 'server:gc', outcome }]);
});
