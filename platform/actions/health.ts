// Whether the parts that everything needs answer: database, engine, router.
import { timeLimit } from '../domain/time-limit.ts';
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
  const late = timeLimit(patienceMs);
  const inTime = new Promise<never>((_, reject) => {
    late.addEventListener('abort', () => reject(late.reason), { once: true });
  });
  try {
    await Promise.race([Promise.resolve().then(ask), inTime]);
    return true;
  } catch {
    return false;
  }
}
