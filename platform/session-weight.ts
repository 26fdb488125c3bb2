// The server's turn on a core: what runs in its session weighs more than what apps do, where the kernel lets it.
import { readFileSync, writeFileSync } from 'node:fs';

/** As `nice` counts: some nine times the weight of another session, or of all containers together. */
const nice = -10;

/**
 * When all cores are taken the kernel shares them out among groups first, and the priority of a thread counts inside of
 * its group only. Without a service manager that makes a group of us, a session is one.
 */
export function weighSession(): void {
  try {
    // Of a terminal's session everything else in it would weigh more, too.
    if (leadsSession()) writeFileSync('/proc/self/autogroup', String(nice));
  } catch {
    // No such groups here, or no right to it: scripts/install sees to it for a server that is not root's.
  }
}

function leadsSession(): boolean {
  // The name before it, in brackets, may hold anything.
  const [, , , session] = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)!.split(' ');
  return Number(session) === process.pid;
}
