// The pure plan: wanted × running → steps.
import { expect, test } from 'vitest';
import { backOffMs, type Member, plan as planWith, type Running } from '../../../platform/processes/plan.ts';

const now = 1_000_000;
const usual = { overlaps: (type: string) => type === 'web', parallel: Number.POSITIVE_INFINITY };
type Asked = Parameters<typeof planWith>;
const plan = (wanted: Asked[0], found: Asked[1], crashes: Asked[2], at: number, manner: Asked[4] = usual) =>
  planWith(wanted, found, crashes, at, manner);
const member = (name: string, over: Partial<Member> = {}): Member => {
  const [type = '', number = ''] = name.split('.');
  return { version: 1, type, number: Number(number), size: 's', restart: true, ...over };
};
let order = 0;
const running = (name: string, over: Partial<Running> = {}): Running => {
  const [type = '', number = ''] = name.split('.');
  return {
    ref: name,
    version: 1,
    type,
    number: Number(number),
    size: 's',
    state: 'up',
    stale: false,
    order: order++,
    ...over,
  };
};
const starts = (steps: ReturnType<typeof plan>): string[] =>
  steps.flatMap((step) => (step.do === 'start' ? [`${step.member.type}.${step.member.number}`] : []));
const stops = (steps: ReturnType<typeof plan>): string[] =>
  steps.flatMap((step) => (step.do === 'stop' ? [step.ref] : []));

test('nothing to do when what is wanted runs', () => {
  expect(
    plan([member('web.1'), member('worker.1')], [running('web.1'), running('worker.1')], new Map(), now),
  ).toEqual([]);
});

test('starts what is missing and stops what is too much', () => {
  const steps = plan(
    [member('web.1'), member('web.2')],
    [running('web.2'), running('web.3')],
    new Map(),
    now,
  );
  expect(starts(steps)).toEqual(['web.1']);
  expect(stops(steps)).toEqual(['web.3']);
});

test('what is being created is neither started twice nor stopped', () => {
  expect(plan([member('web.1')], [running('web.1', { state: 'creating' })], new Map(), now)).toEqual([]);
  expect(plan([], [running('web.1', { state: 'creating' })], new Map(), now)).toEqual([]);
});

test('web of a new release starts beside the old one', () => {
  const steps = plan([member('web.1'), member('web.1', { version: 2 })], [running('web.1')], new Map(), now);
  expect(starts(steps)).toEqual(['web.1']);
  expect(stops(steps)).toEqual([]);
});

test('another type waits until the old one has ended', () => {
  const wanted = [member('worker.1', { version: 2 })];
  const first = plan(wanted, [running('worker.1')], new Map(), now);
  expect(starts(first)).toEqual([]);
  expect(stops(first)).toEqual(['worker.1']);
  expect(starts(plan(wanted, [running('worker.1', { state: 'stopping' })], new Map(), now))).toEqual([]);
  expect(starts(plan(wanted, [running('worker.1', { state: 'ended' })], new Map(), now))).toEqual([
    'worker.1',
  ]);
});

test('never more of a type than wanted while they change over', () => {
  const wanted = [1, 2, 3].map((n) => member(`clock.${n}`, { version: 2 }));
  const old = [
    running('clock.1', { state: 'ended' }),
    running('clock.2', { state: 'stopping' }),
    running('clock.3', { state: 'stopping' }),
  ];
  expect(starts(plan(wanted, old, new Map(), now))).toEqual(['clock.1']);
});

test('a crashed one waits for its time, then starts with its attempt counted', () => {
  const crashes = new Map([['1/web.1', { attempt: 3, retryAt: now + 500 }]]);
  expect(plan([member('web.1')], [], crashes, now)).toEqual([{ do: 'wait', until: now + 500 }]);
  expect(plan([member('web.1')], [], crashes, now + 500)).toMatchObject([{ do: 'start', attempt: 3 }]);
});

test('on trial a crash is not answered by a restart', () => {
  const crashes = new Map([['2/web.1', { attempt: 1, retryAt: 0 }]]);
  expect(plan([member('web.1', { version: 2, restart: false })], [], crashes, now)).toEqual([]);
});

test('a stale web process goes only when its replacement is up', () => {
  const stale = running('web.1', { ref: 'old', stale: true });
  expect(starts(plan([member('web.1')], [stale], new Map(), now))).toEqual(['web.1']);
  expect(
    stops(
      plan([member('web.1')], [stale, running('web.1', { ref: 'new', state: 'booting' })], new Map(), now),
    ),
  ).toEqual([]);
  expect(stops(plan([member('web.1')], [stale, running('web.1', { ref: 'new' })], new Map(), now))).toEqual([
    'old',
  ]);
});

test('a stale web process that was found running goes on until its replacement is up, also before it is proven', () => {
  const found = running('web.1', { ref: 'old', stale: true, state: 'booting', found: true });
  expect(plan([member('web.1')], [found], new Map(), now).map((step) => step.do)).toEqual(['start']);
  const both = [found, running('web.1', { ref: 'new' })];
  expect(stops(plan([member('web.1')], both, new Map(), now))).toEqual(['old']);
});

test('a restart of workers rolls: one after another, each once the one before is up', () => {
  const wanted = [member('worker.1'), member('worker.2'), member('worker.3')];
  const stale = (name: string) => running(name, { ref: `old ${name}`, stale: true });
  const old = wanted.map(({ number }) => stale(`worker.${number}`));
  expect(stops(plan(wanted, old, new Map(), now))).toEqual(['old worker.1']);
  const gone = [
    running('worker.1', { ref: 'old worker.1', stale: true, state: 'stopping' }),
    ...old.slice(1),
  ];
  expect(plan(wanted, gone, new Map(), now)).toEqual([]);
  // It has ended: its successor is started, and the next one goes on until that is up.
  expect(plan(wanted, old.slice(1), new Map(), now)).toMatchObject([
    { do: 'start', member: { type: 'worker', number: 1 } },
  ]);
  const next = [running('worker.1', { state: 'booting' }), ...old.slice(1)];
  expect(plan(wanted, next, new Map(), now)).toEqual([]);
  expect(stops(plan(wanted, [running('worker.1'), ...old.slice(1)], new Map(), now))).toEqual([
    'old worker.2',
  ]);
});

test('several that boot are restarted one after another too', () => {
  const booting = ['worker.1', 'worker.2'].map((name) => running(name, { stale: true, state: 'booting' }));
  const wanted = [member('worker.1'), member('worker.2')];
  expect(stops(plan(wanted, booting, new Map(), now))).toEqual(['worker.1']);
});

test('one that waits to be tried again, or that is not wanted any more, holds no restart up', () => {
  const stale = running('worker.1', { stale: true });
  const crashed = new Map([['1/worker.2', { attempt: 9, retryAt: now + 60_000 }]]);
  expect(stops(plan([member('worker.1'), member('worker.2')], [stale], crashed, now))).toEqual(['worker.1']);
  const surplus = running('worker.2', { stale: true });
  expect(
    stops(plan([member('worker.1')], [running('worker.1', { state: 'booting' }), surplus], new Map(), now)),
  ).toEqual(['worker.2']);
});

test('a stale worker goes first', () => {
  const steps = plan([member('worker.1')], [running('worker.1', { stale: true })], new Map(), now);
  expect(stops(steps)).toEqual(['worker.1']);
  expect(starts(steps)).toEqual([]);
});

test('another size means another container', () => {
  const steps = plan([member('web.1', { size: 'l' })], [running('web.1')], new Map(), now);
  expect(starts(steps)).toEqual(['web.1']);
  expect(stops(steps)).toEqual([]);
});

test('of two in one slot the one that is up stays', () => {
  const steps = plan(
    [member('web.1')],
    [running('web.1', { ref: 'a', state: 'booting' }), running('web.1', { ref: 'b' })],
    new Map(),
    now,
  );
  expect(stops(steps)).toEqual(['a']);
});

test('back-off doubles from one second to five minutes', () => {
  expect([1, 2, 3, 4].map(backOffMs)).toEqual([1000, 2000, 4000, 8000]);
  expect(backOffMs(50)).toBe(300_000);
});

test('a type set to overlap keeps its old one until the new one is up; web set to replace does not', () => {
  const swapped = { ...usual, overlaps: (type: string) => type === 'worker' };
  const next = [member('web.1', { version: 2 }), member('worker.1', { version: 2 })];
  const old = [running('web.1'), running('worker.1')];
  const steps = plan([...next, member('worker.1')], old, new Map(), now, swapped);
  expect(starts(steps)).toEqual(['worker.1']);
  expect(stops(steps)).toEqual(['web.1']);
  const stale = running('worker.1', { stale: true });
  expect(stops(plan([member('worker.1')], [stale], new Map(), now, swapped))).toEqual([]);
});

test('no more start at the same time than are allowed to', () => {
  const wanted = [member('web.1'), member('web.2'), member('web.3'), member('worker.1')];
  const two = { ...usual, parallel: 2 };
  expect(starts(plan(wanted, [], new Map(), now, two))).toEqual(['web.1', 'web.2']);
  const booting = running('web.1', { state: 'booting' });
  expect(starts(plan(wanted, [booting], new Map(), now, two))).toEqual(['web.2']);
  expect(starts(plan(wanted, [running('web.1')], new Map(), now, two))).toEqual(['web.2', 'web.3']);
});

test('nothing takes the place of what has just ended before it is known why', () => {
  const gone = running('web.1', { state: 'ended', unsettled: true });
  expect(starts(plan([member('web.1'), member('web.2')], [gone], new Map(), now))).toEqual(['web.2']);
  const known = { ...gone, unsettled: false };
  expect(starts(plan([member('web.1')], [known], new Map(), now))).toEqual(['web.1']);
});
