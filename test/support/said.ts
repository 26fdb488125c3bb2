// What a client said of its change when it ended, in one word: it holds, it does not, or the connection broke before it knew.
import type { Result } from './program.ts';

type Change = 'push' | 'config' | 'rollback' | 'scale' | 'resize' | 'restart' | 'run' | 'detached';

/** What one-off processes run, which exit status they end with, and what they print. */
export const oneOff = 'echo begun; sleep 1; echo ended; exit 7';
const ranTo = 7;
const ran = 'begun\nended\n';

/** lost: nobody told the client; either may be so. */
export type Said = 'done' | 'not done' | 'lost';

const outputLost = /while we were away, .*its last output may be missing/;

const connectionLost =
  /does not answer|connection (to the process )?(was lost|broke)|the remote end hung up|unexpected disconnect|RPC failed|unable to access|early EOF|The server stops|Failed to connect|what was attached to it ends/i;

/** @throws Error with what was printed when it says none of these, or says that it is well and exits as if not */
export function saidOf(change: Change, { status, stdout, stderr }: Result): Said {
  const printed = `exit status ${status}\n${stdout}${stderr}`;
  const unclear = (why: string): Error => new Error(`${change}: ${why}. It printed:\n${printed}`);
  if (change === 'run' && status === ranTo) {
    if (stdout !== ran && !outputLost.test(stderr))
      throw unclear('ended as it should, without all of its output, and without a word of that');
    return 'done';
  }
  // Killed itself; or its last words were lost with the engine.
  if (change === 'run' && (status === 137 || (status === 255 && outputLost.test(stderr)))) return 'not done';
  if (change === 'run' && status === 0) throw unclear('well, although its process never ends so');
  if (status === 0) {
    if (change === 'push' && !/deployed/.test(stderr)) throw unclear('well, without a word of it');
    return 'done';
  }
  // Its last words to the pusher; what comes after them is only whether git heard the end.
  if (change === 'push' && /remote:.* deployed/.test(stderr)) return 'done';
  if (change === 'push' && /! .*(v\d+ serves|Build failed|nothing serves)/s.test(stderr)) return 'not done';
  if (/not applied: v\d+ |Not applied: as before/.test(stderr)) return 'not done';
  // The wish is kept; the processes, or the router, follow.
  if (
    (change === 'scale' || change === 'resize') &&
    /The formation is set|what was asked for is kept/.test(stderr)
  )
    return 'done';
  if (connectionLost.test(printed)) return 'lost';
  if (/ ! {2}/.test(stderr)) return 'not done';
  throw unclear('neither well nor a reason');
}
