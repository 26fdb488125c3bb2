// A backup over HTTP: who asked for it has to have a token that is good for it as long as it is sent.
import { once } from 'node:events';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type ApiGround, startApi } from '../../support/api-ground.ts';
import { eventually } from '../../support/wait.ts';

let ground: ApiGround;
beforeEach(async () => {
  ground = await startApi();
  // More than connections hold by themselves.
  const outputs = join(ground.platform.config.dataFolder, 'outputs');
  mkdirSync(outputs, { recursive: true });
  writeFileSync(join(outputs, '0a.log'), '');
  truncateSync(join(outputs, '0a.log'), 64 * 1_048_576);
});
afterEach(async () => {
  vi.useRealTimers();
  await ground[Symbol.asyncDispose]();
});

test('one that goes out slowly ends when its token is revoked, and another can be made then', async () => {
  const { url, platform, token } = ground;
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const begin = async (text: string): Promise<IncomingMessage> => {
    const asking = request(`${url}/server/backup`, { headers: { authorization: `Bearer ${text}` } }).end();
    return ((await once(asking, 'response')) as [IncomingMessage])[0];
  };
  const slow = await begin(token);
  expect(slow.statusCode).toBe(200);
  vi.advanceTimersByTime(60_000);
  const { store } = platform;
  store.tokens.remove(store.tokens.look(token)!.id);
  vi.advanceTimersByTime(30_000);
  const broken = once(slow, 'error');
  slow.resume();
  expect((await broken)[0]).toMatchObject({ code: 'ECONNRESET' });
  ground.renewToken();
  const again = async (): Promise<number | undefined> => {
    const next = await begin(ground.token);
    next.destroy();
    return next.statusCode;
  };
  await eventually(again, (status) => status === 200);
}, 30_000);
