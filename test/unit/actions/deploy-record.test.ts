// What is written down of a deploy at the moments at which the server may be killed.
import { expect, it } from 'vitest';
import type { Step } from '../../../platform/domain/steps.ts';
import { createGround } from './ground.ts';

it('a build has succeeded from the moment on that its release exists', async () => {
  const atStep = new Map<Step, string[]>();
  using ground = createGround({
    reached: (step) =>
      void atStep.set(
        step,
        store.builds.list(app.id).map((build) => `${build.status} ${build.releaseId ?? 'without release'}`),
      ),
  });
  const { store, app } = ground;
  await ground.push('a'.repeat(40));
  const [release] = store.releases.list(app.id);
  expect(atStep.get('packed')).toEqual(['pending without release']);
  expect(atStep.get('appended')).toEqual([`succeeded ${release!.id}`]);
  // As the next start of the server would.
  store.builds.failPending('The server was stopped during this build. Push again.');
  expect(store.builds.list(app.id)).toMatchObject([
    { status: 'succeeded', releaseId: release!.id, slugId: release!.slugId, reason: null },
  ]);
});

it('without its release a build has not succeeded', async () => {
  using ground = createGround();
  const { store, app } = ground;
  store.releases.append = () => {
    throw new Error('the disk is full');
  };
  await expect(ground.push('a'.repeat(40))).rejects.toThrow('the disk is full');
  expect(store.builds.list(app.id)).toMatchObject([{ status: 'failed', releaseId: null, slugId: null }]);
});
