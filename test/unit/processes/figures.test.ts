// What processes use, against the in-memory engine: who is watched, what is answered, what is said, what an engine that hangs does.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { defaultSizes } from '../../../platform/domain/formation.ts';
import type { ContainerKind } from '../../../platform/domain/process.ts';
import type { Engine, EngineEvent } from '../../../platform/engine/engine.ts';
import { createFigures, type Figures } from '../../../platform/processes/figures.ts';
import type { Behaviour } from '../../support/memory-behaviour.ts';
import { createMemoryEngine, type MemoryEngine } from '../../support/memory-engine.ts';

const mb = 1_048_576;
let engine: MemoryEngine;
let figures: Figures;
let said: string[];
let problems: string[];
/** How it goes with the container of this name; tests change it while it runs. */
let behaviours: Record<string, Behaviour>;

beforeEach(() => {
  behaviours = {};
  engine = createMemoryEngine({ images: ['twelve/app:1'], behaviours: (spec) => behaviours[spec.name] });
  said = [];
  problems = [];
});
afterEach(() => {
  figures.close();
  vi.useRealTimers();
});

function watch(over: Partial<Pick<Engine, 'stats' | 'list'>> = {}): void {
  const client = engine.connect();
  figures = createFigures({
    engine: { list: client.list, stats: client.stats, ...over },
    instance: 'test',
    sizes: defaultSizes,
    logs: { write: (appId, { process, text }) => void said.push(`${appId} ${process}: ${text}`) },
    onProblem: (message) => void problems.push(message),
  });
}

async function start(name: string, behaviour: Behaviour = {}, kind: ContainerKind = 'process') {
  behaviours[name] = behaviour;
  const labels = {
    'twelve.instance': 'test',
    'twelve.kind': kind,
    'twelve.app': 'app',
    'twelve.id': `id-${name}`,
    'twelve.process': name,
    'twelve.size': 'standard-1x',
  };
  const id = await engine.create({ name, image: 'twelve/app:1', labels, env: {}, memory: 512 * mb });
  await engine.start(id);
  const tell = (action: EngineEvent['action']): void =>
    figures.seen({ type: 'container', action, id, labels, exitCode: null, time: Date.now() * 1000 });
  return { id, labels, behaviour, tell };
}

test('what runs is found at the start, and answered by the id of the process; nothing else is', async () => {
  const web = await start('web.1', { memory: 41 * mb });
  await start('build.1', {}, 'build');
  const gone = await start('web.2');
  await engine.remove(gone.id);
  watch();
  await vi.waitFor(async () =>
    expect(await figures.of('id-web.1')).toMatchObject({ memory: 41 * mb, memoryLimit: 512 * mb }),
  );
  expect(await figures.of('id-build.1')).toBeNull();
  expect(await figures.of('id-web.2')).toBeNull();
  web.tell('die');
  expect(await figures.of('id-web.1')).toBeNull();
  expect(problems).toEqual([]);
});

test('processor time is a rate since the reading before, or since the start', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 });
  watch();
  const web = await start('web.1', { cpuSeconds: 0 });
  web.tell('start');
  // Asked too early after the start there is none, and a moment later there is one.
  vi.setSystemTime(1_000_050);
  expect((await figures.of('id-web.1'))?.cpu).toBeNull();
  vi.setSystemTime(1_000_500);
  web.behaviour.cpuSeconds = 0.25;
  expect((await figures.of('id-web.1'))?.cpu).toBe(0.5);
  vi.setSystemTime(1_002_500);
  web.behaviour.cpuSeconds = 3.25;
  expect((await figures.of('id-web.1'))?.cpu).toBe(1.5);
  // Asked again at once, the answer is the same, whatever happened since.
  web.behaviour.cpuSeconds = 50;
  expect((await figures.of('id-web.1'))?.cpu).toBe(1.5);
  vi.setSystemTime(1_006_500);
  web.behaviour.cpuSeconds = 4.25;
  expect((await figures.of('id-web.1'))?.cpu).toBe(0.25);
});

test('an engine that does not answer costs a second and no more; one that is away is no problem of ours', async () => {
  watch({ stats: () => new Promise(() => undefined) });
  const web = await start('web.1');
  web.tell('start');
  const before = Date.now();
  expect(await figures.of('id-web.1')).toBeNull();
  expect(Date.now() - before).toBeLessThan(3000);
  expect(problems).toEqual([]);
});

test('too much memory for 20 seconds is said in the log of its app', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: 1_000_000 });
  watch();
  const web = await start('web.1', { memory: 500 * mb });
  const run = await start('run.7', { memory: 100 * mb }, 'run');
  web.tell('start');
  run.tell('start');
  for (const _ of [1, 2, 3]) {
    await vi.advanceTimersByTimeAsync(10_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(said).toEqual([
    'app web.1: Process running mem=500M(97.7%)',
    'app web.1: Error R14 (Memory quota exceeded)',
  ]);
});

test('a kill for memory is said once, whether the engine told of it or the end shows it; of builds not at all', async () => {
  watch();
  const sentence =
    'Error R15 (Memory quota vastly exceeded) -> The kernel killed a program of it at its limit of 512 MB';
  const web = await start('web.1');
  web.tell('start');
  expect(figures.codeOf('id-web.1')).toBeNull();
  web.tell('oom');
  web.tell('oom');
  expect(figures.codeOf('id-web.1')).toBe('R15');
  expect(figures.codeOf('id-other')).toBeNull();
  web.tell('die');
  expect(figures.codeOf('id-web.1')).toBeNull();
  figures.killed(web);
  expect(said).toEqual([`app web.1: ${sentence}`]);
  const worker = await start('worker.1');
  figures.killed(worker);
  expect(said[1]).toBe(`app worker.1: ${sentence}`);
  const build = await start('build.1', {}, 'build');
  build.tell('oom');
  expect(said).toHaveLength(2);
});
