// What the log says of the lives of processes: Heroku's words, in order, with the release that they ran.
import { expect, test } from 'vitest';
import type { ProcessNeeds } from '../../../platform/processes/needs.ts';
import {
  app,
  append,
  begin,
  deaf,
  ended,
  engine,
  idOf,
  newNeeds,
  newOneOffs,
  orderOf,
  processes,
  processOf,
  scale,
  startAgain,
  until,
} from './ground.ts';

/** `web.1 v2: text` */
let said: string[];
const logs: ProcessNeeds['logs'] = {
  follow: () => undefined,
  drained: async () => undefined,
  read: async () => [],
  write: (_app, { process, text, release }) =>
    void said.push(`${process}${release === undefined ? '' : ` v${release}`}: ${text}`),
};
const of = (who: string): string[] =>
  said.filter((line) => line.startsWith(`${who}: `)).map((line) => line.slice(who.length + 2));

async function beginAnew(): Promise<void> {
  said = [];
  await processes.close();
  startAgain({ logs });
  await begin();
}

test('started, up, stopped', async () => {
  await beginAnew();
  await ended(append({ web: 'node server.js' }));
  scale('web', 0);
  const end = 'Process exited with status 143';
  await until(() => of('web.1 v1').includes(end), 'stopped');
  expect(of('web.1 v1')).toEqual([
    'Starting process with command `node server.js`',
    'State changed from starting to up',
    'State changed from up to down',
    'Stopping all processes with SIGTERM',
    end,
  ]);
});

test('where another goes on under its name, it is not said to be down', async () => {
  await beginAnew();
  await ended(append({ web: 'node server.js' }));
  await ended(append({ web: 'node server.js' }));
  const end = 'Process exited with status 143';
  await until(() => of('web.1 v1').includes(end), 'replaced');
  expect(of('web.1 v1').slice(2)).toEqual(['Stopping all processes with SIGTERM', end]);
  expect(of('web.1 v2').at(-1)).toBe('State changed from starting to up');
});

test('crashed, and started again', async () => {
  await beginAnew();
  await ended(append({ worker: 'k' }));
  scale('worker', 1);
  await until(() => of('worker.1 v1').at(-1) === 'State changed from starting to up', 'up');
  engine.crash(engine.containers()[0]!.id, 3);
  await until(
    () => of('worker.1 v1').filter((line) => line.endsWith('starting to up')).length === 2,
    'up again',
  );
  expect(of('worker.1 v1').slice(1)).toEqual([
    'State changed from starting to up',
    'Process exited with status 3',
    'State changed from up to crashed',
    'State changed from crashed to starting',
    'Starting process with command `k`',
    'State changed from starting to up',
  ]);
});

test('never listened', async () => {
  deaf.add('deaf');
  await beginAnew();
  expect((await ended(append({ web: 'w' }, { MODE: 'deaf' }))).status).toBe('failed');
  await until(() => of('web.1 v1').some((line) => line.endsWith('crashed')), 'told');
  expect(of('web.1 v1').slice(1)).toEqual([
    'Error R10 (Boot timeout) -> Web process failed to bind to $PORT within 0 seconds of launch',
    'Stopping all processes with SIGTERM',
    'Process exited with status 143',
    'State changed from starting to crashed',
  ]);
  expect(said.filter((line) => line.startsWith('api v1: '))).toEqual([
    expect.stringMatching(/^api v1: Release v1 failed: Error R10/),
  ]);
});

test.each([
  [0, 'complete'],
  [4, 'crashed'],
])('the release command that ends with status %i', async (exitCode, state) => {
  await beginAnew();
  engine.behave((spec) => (processOf(spec) === 'release.1 v1' ? { exitAfterMs: 20, exitCode } : undefined));
  await ended(append({ web: 'w', release: './migrate' }));
  expect(of('release.1 v1')).toEqual([
    'Starting process with command `./migrate`',
    'State changed from starting to up',
    `Process exited with status ${exitCode}`,
    `State changed from up to ${state}`,
  ]);
});

test('a one-off process whose caller never comes is not up: it starts, and is then over', async () => {
  await beginAnew();
  const release = await ended(append({ web: 'w' }));
  const oneOffs = newOneOffs({ ...newNeeds(), logs });
  const { name } = await oneOffs.create({ ...orderOf(release, 'rake db'), session: 's' });
  const state = (): string | undefined =>
    engine.containers().find(({ details }) => details.id === idOf(name))?.details.state;
  await until(() => state() === 'running', 'running');
  expect(await oneOffs.list(app.id)).toMatchObject([{ name, state: 'starting' }]);
  engine.crash(idOf(name), 129);
  await until(() => of(`${name} v1`).some((line) => line.endsWith('complete')), 'complete');
  expect(of(`${name} v1`)).toEqual([
    'Starting process with command `rake db`',
    'Process exited with status 129',
    'State changed from starting to complete',
  ]);
});

test.each([true, false])('a one-off process (attached: %s)', async (attached) => {
  await beginAnew();
  const release = await ended(append({ web: 'w' }));
  const oneOffs = newOneOffs({ ...newNeeds(), logs });
  const { id, name } = await oneOffs.create({ ...orderOf(release, 'rake db'), attached });
  if (attached) await oneOffs.open(id);
  await until(() => of(`${name} v1`).includes('State changed from starting to up'), 'up');
  engine.crash(idOf(name), 5);
  await until(() => of(`${name} v1`).some((line) => line.endsWith('complete')), 'complete');
  expect(of(`${name} v1`)).toEqual([
    'Starting process with command `rake db`',
    'State changed from starting to up',
    'Process exited with status 5',
    'State changed from up to complete',
  ]);
});
