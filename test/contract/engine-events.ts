// Contract: what happens to containers is told in order, to those who asked for these labels.
import { expect, test } from 'vitest';
import type { EngineEvent } from '../../platform/engine/engine.ts';
import type { Bench } from './engine.ts';

export function eventCases(bench: Bench): void {
  test('a life is told in order, from the call on', async () => {
    const stop = new AbortController();
    const labels = { ...bench.labels, 'twelve.role': 'told' };
    const events = bench.engine.events(labels, stop.signal);
    const other = await bench.run('succeeds');
    const id = await bench.run('fails', { labels });
    await bench.engine.wait(id);
    await bench.engine.remove(id);
    await bench.engine.remove(other);

    const told: EngineEvent[] = [];
    for await (const event of events) {
      if (event.type !== 'container') continue;
      told.push(event);
      if (event.action === 'destroy') break;
    }
    stop.abort();
    expect(told.map((event) => [event.action, event.exitCode])).toEqual([
      ['create', null],
      ['start', null],
      ['die', 7],
      ['destroy', null],
    ]);
    expect(told.every((event) => event.id === id)).toBe(true);
    expect(told.every((event) => event.labels['twelve.role'] === 'told')).toBe(true);
    const times = told.map((event) => event.time);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(Math.abs(times[0]! / 1000 - Date.now())).toBeLessThan(60_000);
  });

  test('who leaves early leaves nothing behind', async () => {
    const events = bench.engine.events(bench.labels, new AbortController().signal);
    await bench.create('succeeds');
    for await (const event of events) {
      expect(event).toMatchObject({ action: 'create' });
      break;
    }
    await bench.create('succeeds');
    expect(await events[Symbol.asyncIterator]().next()).toMatchObject({ done: true });
  });

  test('the signal ends it, before and after the first event', async () => {
    const stop = new AbortController();
    const listening = (async () => {
      const seen = [];
      for await (const event of bench.engine.events(bench.labels, stop.signal)) {
        seen.push(event);
        stop.abort();
      }
      return seen;
    })();
    await bench.create('succeeds');
    expect(await listening).toHaveLength(1);
    for await (const event of bench.engine.events(bench.labels, AbortSignal.abort())) {
      expect.fail(`an event after the end: ${JSON.stringify(event)}`);
    }
  });
}
