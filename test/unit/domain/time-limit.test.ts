import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { timeLimit } from '../../../platform/domain/time-limit.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('comes as a part of a combined signal, whatever is collected meanwhile', async () => {
  const other = new AbortController();
  let reason: unknown;
  const combined = AbortSignal.any([other.signal, timeLimit(200)]);
  combined.addEventListener('abort', () => {
    reason = combined.reason;
  });
  for (let turns = 0; turns < 60 && reason === undefined; turns++) {
    collectGarbage();
    await sleep(20);
  }
  expect((reason as Error | undefined)?.name).toBe('TimeoutError');
});

test('nobody uses what can be lost', () => {
  const platform = join(import.meta.dirname, '../../../platform');
  const users = readdirSync(platform, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== 'domain/time-limit.ts')
    .filter((name) => readFileSync(join(platform, name), 'utf8').includes('AbortSignal.timeout('));
  expect(users).toEqual([]);
});
