// Which slugs garbage collection takes while deploys and rollbacks of the same app are under way.
import { expect, it } from 'vitest';
import { collectGarbage } from '../../../platform/actions/garbage.ts';
import { releaseSlug, rollback } from '../../../platform/actions/release.ts';
import { createGround, type Ground } from './ground.ts';

const commit = (digit: number): string => `${digit}`.repeat(40);
const removed = ({ store, app }: Ground): (string | null)[] =>
  store.slugs.ofApp(app.id).flatMap((slug) => (slug.removedAt ? [slug.commit] : []));

it('a slug whose deploy is under way stays, also before its release exists', async () => {
  using ground = createGround();
  const { platform, store, app } = ground;
  await ground.push(commit(1), async () => {
    await expect.poll(() => store.slugs.ofApp(app.id)).toHaveLength(1);
    await collectGarbage(platform, app.id);
  });
  expect(store.releases.list(app.id)).toMatchObject([{ commit: commit(1), status: 'succeeded' }]);
  await collectGarbage(platform, app.id);
  expect(removed(ground)).toEqual([]);
});

it('the slug of a deploy that failed goes when that has ended, or at the end of the next one', async () => {
  using ground = createGround();
  const { platform, app } = ground;
  const failing = async (): Promise<void> => {
    throw new Error('no space left');
  };
  await expect(ground.push(commit(1), failing)).rejects.toThrow('no space left');
  const next = platform.claims.take(app, 'bob');
  await collectGarbage(platform, app.id);
  next.release();
  await ground.push(commit(2));
  await collectGarbage(platform, app.id);
  expect(removed(ground)).toEqual([commit(1)]);
});

it('what a killed server did not come to goes at the next start, of every app', async () => {
  using ground = createGround();
  const { platform, store, app } = ground;
  for (const digit of [1, 2, 3]) await ground.push(commit(digit));
  await collectGarbage(platform, app.id);
  // Killed between the packing of a slug and its release.
  const { id: _, createdAt: __, removedAt: ___, ...slug } = store.slugs.ofApp(app.id)[0]!;
  store.slugs.insert({ ...slug, commit: commit(4) });
  await collectGarbage(platform);
  expect(removed(ground).sort()).toEqual([commit(1), commit(4)]);
});

it('a rollback to what is collected while it looks is refused', async () => {
  let whileItLooks = async (): Promise<void> => undefined;
  using ground = createGround();
  const { platform, store, app, caller } = ground;
  platform.slugs.has = async () => {
    await whileItLooks();
    return true;
  };
  for (const digit of [1, 2]) await ground.push(commit(digit));
  whileItLooks = async () => {
    await ground.push(commit(3));
    await collectGarbage(platform, app.id);
  };
  await expect(rollback(platform, app, caller, 'v1')).rejects.toMatchObject({
    code: 'gone',
    message: expect.stringMatching(/^The slug of v1 was removed by garbage collection\./),
  });
  expect(removed(ground)).toEqual([commit(1)]);
  expect(store.releases.list(app.id)).toHaveLength(3);
  const [slug] = store.slugs.ofApp(app.id);
  expect(() => releaseSlug(platform, app, caller, slug!.id, undefined)).toThrow(
    'That slug was removed by garbage collection. Push its commit again.',
  );
  expect(store.releases.list(app.id)).toHaveLength(3);
});
