// What every row works with: a folder, programs, one platform for all, and a clean-up by labels that nothing escapes.
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { label } from '../../platform/engine/labels.ts';
import { createPrograms, type Programs, runApart } from './programs.ts';

export interface Bench {
  /** Of this run: on everything made by hand, and the instance of the platform that most rows share. */
  id: string;
  /** Id for another platform; what carries it is removed in the end too. */
  newId(): string;
  /** Removed in the end. */
  folder: string;
  programs: Programs;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  docker(...args: string[]): Promise<string>;
  /** Progress, for people. */
  say(text: string): void;
  /** What several rows use is made once. */
  once<T>(name: string, make: () => Promise<T>): Promise<T>;
  /** Ends every program, and removes every container, network and image of this run. */
  close(): Promise<void>;
}

/** Label of what is made by hand, with the run's id as value. */
export const byHandLabel = 'twelve.bench';

export function createBench(signal: AbortSignal, say: (text: string) => void): Bench {
  const ids: string[] = [];
  const newId = (): string => ids[ids.push(randomBytes(4).toString('hex')) - 1]!;
  const id = newId();
  const folder = mkdtempSync(join(tmpdir(), `twelve-bench-`));
  const programs = createPrograms();
  const made = new Map<string, Promise<unknown>>();
  let closing: Promise<void> | undefined;

  async function close(): Promise<void> {
    await programs.endAll();
    // Twice: the engine may still carry out what a program that was ended had asked for.
    for (const one of ids) await removeAll(one);
    await sleep(500);
    for (const one of ids) await removeAll(one);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  return {
    id,
    newId,
    folder,
    programs,
    signal,
    say,
    docker: async (...args) => (await programs.run('docker', args)).stdout.trim(),
    once<T>(name: string, make: () => Promise<T>): Promise<T> {
      const known = made.get(name) as Promise<T> | undefined;
      const promise = known ?? make();
      made.set(name, promise);
      return promise;
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** Everything on the engine that carries the id. */
export async function removeAll(id: string): Promise<void> {
  const own = [`${label.instance}=${id}`, `${byHandLabel}=${id}`];
  for (const one of own) {
    await removeListed(['ps', '-aq', '--filter', `label=${one}`], ['rm', '-f', '-v']);
    await removeListed(['network', 'ls', '-q', '--filter', `label=${one}`], ['network', 'rm']);
  }
  for (const one of [`${label.slug}=${id}`, `${byHandLabel}=${id}`])
    await removeListed(['images', '-q', '--no-trunc', '--filter', `label=${one}`], ['rmi', '-f']);
}

async function removeListed(list: string[], remove: string[]): Promise<void> {
  const ids = [...new Set((await runApart('docker', list)).stdout.split('\n').filter(Boolean))];
  // One may be gone by itself since it was listed.
  if (ids.length > 0) await runApart('docker', [...remove, ...ids]).catch(() => undefined);
}
