// Whether the parts that everything needs answer: database, engine, router.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Platform } from './context.ts';

export type Part = 'database' | 'engine' | 'router';

const patienceMs = 3000;

/** @returns those that do not answer */
export async function failingParts({ store, engine, router }: Platform): Promise<Part[]> {
  const asked: [Part, () => unknown][] = [
    ['database', () => store.users.first()],
    ['engine', () => engine.info()],
    ['router', () => router.stats()],
  ];
  const found = await Promise.all(asked.map(async ([part, ask]) => ((await answers(ask)) ? [] : [part])));
  return found.flat();
}

async function answers(ask: () => unknown): Promise<boolean> {
  const answer = Promise.resolve()
    .then(ask)
    .then(() => true);
  try {
    return await Promise.race([answer, sleep(patienceMs, false, { ref: false })]);
  } catch {
    return false;
  }
}
