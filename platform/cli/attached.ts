// What `run` and `ps:exec` have in common: a command at the server that this terminal, or these pipes, are joined to.
import type { Call } from './command.ts';
import { CliError } from './errors.ts';
import type { Dyno } from './v3.ts';

export interface Terminal {
  tty: boolean;
  /** Of the request that asks for the command. */
  body: Record<string, unknown>;
}

/** @param env for this command alone; the kind of terminal comes on top */
export function terminalOf(call: Call, env: Readonly<Record<string, string>>): Terminal {
  const { stdin, stdout, env: own } = call.world;
  const tty = stdin.isTTY === true && stdout.isTTY === true && !call.on('no-tty');
  return {
    tty,
    body: {
      attach: true,
      force_no_tty: !tty,
      ...(tty ? { columns: stdout.columns || 80, rows: stdout.rows || 24 } : {}),
      env: { ...(tty && own.term ? { TERM: own.term } : {}), ...env },
    },
  };
}

/**
 * @param ask sends the request, with these headers
 * @param noAddress what is said of a server that answers without an address to attach to
 * @returns the command's exit status
 */
export async function attachTo(
  call: Call,
  { tty }: Terminal,
  ask: (headers: Record<string, string>) => Promise<Dyno>,
  noAddress: (made: Dyno) => string,
): Promise<number> {
  // Both take a while, so they do so at the same time; what the server does takes longer.
  const [dyno, { attachKept }] = await Promise.all([
    ask({ 'Twelve-Attach': 'websocket', 'Twelve-Reattach': 'true' }),
    import('./kept-session.ts'),
  ]);
  if (!dyno.attach_url || !/^wss?:/.test(dyno.attach_url)) throw new CliError(noAddress(dyno));
  const [url, api] = [dyno.attach_url, call.api()];
  const trust = await api.trust(url);
  if (!dyno.reattach_seconds) {
    const { attach } = await import('./run-session.ts');
    return await attach(call, url, tty, trust);
  }
  const kept = { url, name: dyno.name, waitsMs: dyno.reattach_seconds * 1000, trust };
  return await attachKept(call, { ...kept, headers: api.login(url) }, tty);
}
