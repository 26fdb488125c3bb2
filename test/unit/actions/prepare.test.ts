// What a start does beside serving: one part that fails takes none of the others with it.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { withoutCollection } from '../../../platform/actions/garbage.ts';
import { prepare } from '../../../platform/actions/prepare.ts';
import { eventually } from '../../support/wait.ts';
import { createGround } from './ground.ts';

const nothing = async (): Promise<void> => undefined;

it.each(['an app', 'the list of apps', 'the stack'])(
  '%s that fails is told, and the rest is done',
  async (what) => {
    const done: string[] = [];
    using ground = createGround();
    const { platform, problems, app } = ground;
    const fails = (name: string) => async () => {
      if (what === name) throw new Error(`${name} failed`);
    };
    Object.assign(platform, {
      router: { remove: nothing },
      oneOffs: { stopAll: nothing },
      logs: { remove: nothing },
      stackImage: () => fails('the stack')().then(() => 'stack'),
    });
    Object.assign(platform.builder, { purgeCache: nothing });
    Object.assign(platform.processes, {
      removeApp: async (id: string) => {
        if (id === 'stuck') await fails('an app')();
      },
      networkOf: { remove: nothing },
    });
    Object.assign(platform.git, {
      repositories: () => fails('the list of apps')().then(() => ['stuck', app.id, 'gone']),
      removeRepository: async (id: string) => void done.push(id),
    });
    Object.assign(platform.slugs, {
      prime: async () => void done.push('primed'),
      collect: async () => {
        done.push('collected');
        return { blobs: 0, bytes: 0, images: [] };
      },
    });
    await prepare(platform, AbortSignal.abort());
    const cleared = { 'an app': ['gone'], 'the list of apps': [], 'the stack': ['stuck', 'gone'] }[what]!;
    expect(done).toEqual([...cleared, ...(what === 'the stack' ? [] : ['primed']), 'collected']);
    expect(problems).toContainEqual(expect.objectContaining({ error: `${what} failed` }));
  },
);

it('what is garbage is collected again and again, until the server stops', async () => {
  using ground = createGround();
  const { platform } = ground;
  let collected = 0;
  Object.assign(platform.git, { repositories: async () => [] });
  Object.assign(platform.slugs, {
    prime: nothing,
    collect: async () => {
      collected += 1;
      return { blobs: 0, bytes: 0, images: [] };
    },
  });
  const stop = new AbortController();
  await prepare(platform, stop.signal, 5);
  await eventually(
    () => collected,
    (count) => count > 3,
  );
  stop.abort();
  await withoutCollection(nothing);
  const last = collected;
  await sleep(50);
  expect(collected).toBe(last);
  expect(ground.problems).not.toContain('garbage collection failed');
});
