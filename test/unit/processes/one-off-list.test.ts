// Which one-offs there are is asked of the engine after a change, and else not.
import { expect, it } from 'vitest';
import type { EngineEvent } from '../../../platform/engine/engine.ts';
import { label, ownLabels } from '../../../platform/engine/labels.ts';
import { createOneOffLines } from '../../../platform/processes/one-off-lines.ts';
import { createOneOffList } from '../../../platform/processes/one-off-list.ts';
import { startAttached } from '../../../platform/processes/start-attached.ts';
import { createMemoryEngine } from '../../support/memory-engine.ts';

const instance = 'instance';

async function newGround() {
  const engine = createMemoryEngine();
  const list = createOneOffList({ engine, instance });
  engine.addImage('twelve/app:1');
  const make = (name: string, app: string, kind: 'run' | 'process' = 'run'): Promise<string> =>
    engine.create({
      ...{ name, image: 'twelve/app:1', env: {} },
      labels: { ...ownLabels(instance, kind), [label.app]: app },
    });
  const namesOf = async (app: string): Promise<string[]> => (await list.of(app)).map(({ name }) => name);
  const asked = (): number => engine.calls.filter((call) => call.startsWith('list')).length;
  return { engine, list, make, namesOf, asked };
}

const event = (kind: string): EngineEvent => ({
  type: 'container',
  action: 'die',
  id: 'id',
  labels: { [label.kind]: kind },
  exitCode: 0,
  time: 0,
});

it('asks each time until it is told of changes, and then once for each of them', async () => {
  const { list, make, namesOf, asked } = await newGround();
  await make('one', 'app');
  await make('other', 'another');
  expect(await namesOf('app')).toEqual(['one']);
  await make('two', 'app');
  expect(await namesOf('app')).toEqual(['one', 'two']);
  list.begin();
  expect(await namesOf('app')).toEqual(['one', 'two']);
  const before = asked();
  expect(await namesOf('another')).toEqual(['other']);
  list.seen(event('process'));
  expect(await namesOf('app')).toEqual(['one', 'two']);
  expect(asked()).toBe(before);
  await make('three', 'app');
  list.seen(event('run'));
  expect(await namesOf('app')).toEqual(['one', 'two', 'three']);
  list.changed();
  await namesOf('app');
  expect(asked()).toBe(before + 2);
});

it('what changes while the engine answers is asked for again', async () => {
  const { list, make, namesOf } = await newGround();
  list.begin();
  const first = namesOf('app');
  await make('one', 'app');
  list.changed();
  await first;
  expect(await namesOf('app')).toEqual(['one']);
});

it('believes nothing between a break and the return, nor what it knew before', async () => {
  const { engine, list, make, namesOf } = await newGround();
  list.begin();
  const id = await make('one', 'app');
  list.changed();
  expect(await namesOf('app')).toEqual(['one']);
  engine.goAway();
  list.seen({ type: 'interrupted' });
  await expect(namesOf('app')).rejects.toMatchObject({ code: 'engine_unavailable' });
  engine.comeBack();
  await engine.remove(id);
  list.seen({ type: 'reconnected' });
  expect(await namesOf('app')).toEqual([]);
});

it('one that somebody is joined to runs as soon as it is started, before the engine tells of that', async () => {
  const { engine, list, make } = await newGround();
  list.begin();
  const id = await make('one', 'app');
  list.changed();
  const [container] = await list.of('app');
  expect(container).toMatchObject({ id, state: 'created' });
  const tell = createOneOffLines({ write: () => undefined });
  const { up } = await startAttached({ engine, oneOffList: list, tell }, container!, false);
  await up;
  expect(await list.of('app')).toMatchObject([{ id, state: 'running' }]);
});
