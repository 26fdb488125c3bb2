// A process type that the Procfile does not declare any more: told when its processes stop, and how many is not forgotten.
import { expect, it } from 'vitest';
import { formationOf } from '../../../platform/actions/formation.ts';
import type { Builder } from '../../../platform/build/build.ts';
import { createGround } from './ground.ts';

it('is told in the push that drops it and in no other; declared again, as many are wanted', async () => {
  using ground = createGround();
  const { platform, store, app } = ground;
  const build = platform.builder.build;
  const push = async (letter: string, ...types: string[]): Promise<string[]> => {
    const processTypes = Object.fromEntries(types.map((type) => [type, 'true']));
    const declares: Builder['build'] = async (input) => ({ ...(await build(input)), processTypes });
    Object.assign(platform.builder, { build: declares });
    await ground.push(letter.repeat(40));
    const [newest] = store.builds.list(app.id);
    const told: string[] = [];
    for await (const piece of platform.outputs.read(newest!.id, new AbortController().signal) ?? [])
      told.push(...piece.split('\n'));
    return told.filter((line) => line.includes('declared'));
  };
  const wanted = () => formationOf(platform, app).map(({ type, quantity }) => `${type}=${quantity}`);
  expect(await push('a', 'web', 'worker', 'clock', 'idle')).toEqual([]);
  const [web] = store.formations.of(app.id);
  const many = { worker: 2, clock: 1, idle: 0 };
  const others = Object.entries(many).map(([type, quantity]) => ({ type, quantity, size: web!.size }));
  store.formations.replace(app.id, [web!, ...others]);
  expect(await push('b', 'web')).toEqual([
    ' !     worker is not declared any more: its 2 processes were stopped. As many run again once a Procfile declares it.',
    ' !     clock is not declared any more: its process was stopped. As many run again once a Procfile declares it.',
  ]);
  expect(wanted()).toEqual(['web=1']);
  expect(await push('c', 'web')).toEqual([]);
  expect(await push('d', 'web', 'worker')).toEqual([]);
  expect(wanted()).toEqual(['web=1', 'worker=2']);
});
