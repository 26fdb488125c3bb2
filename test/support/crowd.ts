// Visitors who keep coming to a whole machine while something is done there.
import type { WholeMachine } from './whole-machine.ts';

export interface Visited {
  asked: number;
  failed: number;
  /** From the first who was not served to the last. */
  ms: number;
  reasons: string[];
}

/** On the machine itself, so that nothing but the router is between. @returns how they fared until it was done */
export async function visitedWhile(
  machine: WholeMachine,
  host: string,
  act: () => Promise<unknown>,
): Promise<Visited> {
  const file = '/run/crowd';
  await machine.must('touch', file);
  // By its own name: the link to the version that runs may go meanwhile.
  const node = (await machine.must('readlink', '-f', '/opt/twelve/current/bin/node')).trim();
  const visitors = machine.must(node, 'test/support/crowd-program.mjs', host, file);
  visitors.catch(() => undefined);
  try {
    await act();
  } finally {
    await machine.must('rm', file);
  }
  return JSON.parse(await visitors) as Visited;
}
