// Attached to a one-off process that outlives its connection: when that breaks, or the server is restarted, we come back.
import { steadyMs } from '../domain/time-limit.ts';
import type { Call } from './command.ts';
import { CliError, interrupted } from './errors.ts';
import {
  type Connection,
  connect,
  type Outcome,
  type Place,
  type Printed,
  usualPace,
} from './kept-connection.ts';
import { createKeptInput } from './kept-input.ts';
import { backOff, sleep } from './patience.ts';
import { type Far, forwardSignals, useTerminal } from './this-terminal.ts';

export interface Kept extends Place {
  name: string;
  /** How long it waits for us. */
  waitsMs: number;
}

/** More than that which the process has not taken, and we stop reading. */
const inputAhead = 1 << 19;
const ctrlC = 3;

/** @returns the process's exit status. @throws CliError when it cannot be known */
export async function attachKept(call: Call, kept: Kept, tty: boolean, pace = usualPace): Promise<number> {
  const given = new AbortController();
  const giveUp = (error: Error): void => given.abort(error);
  const state: State = { connection: undefined, joined: undefined, started: false, undo: [] };
  const far: Far = {
    say(message) {
      const said = state.joined?.say(message) ?? false;
      // Nobody is there to pass it on to.
      if (!said && message['type'] === 'signal') giveUp(interrupted());
    },
    hangUp: () => giveUp(new CliError('')),
  };
  const input = readInput(call, tty, state, () => giveUp(interrupted()));
  // `| head` took what it wanted: the process is told as by any closed pipe, by its connection going away.
  const left = new Promise<Outcome>((resolve) => {
    call.out.closed.addEventListener('abort', () => resolve({ kind: 'exit', status: 0, whole: true }), {
      once: true,
    });
  });
  const begin = (): void => {
    state.undo.push(...(tty ? useTerminal(call, far) : [forwardSignals(call, far)]), input.begin());
  };
  // Until it is connected nothing of the user's runs, so Ctrl-C just ends us.
  const early = (): void => void (state.started || giveUp(interrupted()));
  call.world.signals.on('SIGINT', early);
  try {
    const once = (printed: Printed): Promise<Outcome> =>
      oneConnection(call, kept, printed, { state, input, begin, pace, tty });
    return await untilExit(call, kept, state, once, { left, given: given.signal });
  } finally {
    call.world.signals.off('SIGINT', early);
    for (const step of state.undo.reverse()) step();
    await state.connection?.close();
  }
}

interface State {
  /** The last one, which may not be made yet. */
  connection: Connection | undefined;
  /** The same, while it joins us to the process. */
  joined: Connection | undefined;
  /** Once we were joined to it. */
  started: boolean;
  undo: (() => void)[];
}

async function untilExit(
  call: Call,
  { name, waitsMs }: Kept,
  state: State,
  once: (printed: Printed) => Promise<Outcome>,
  ends: { left: Promise<Outcome>; given: AbortSignal },
): Promise<number> {
  const printed: Printed = { received: [0, 0], written: [0, 0] };
  const given = new Promise<never>((_, reject) => {
    ends.given.addEventListener('abort', () => reject(ends.given.reason), { once: true });
  });
  given.catch(() => undefined);
  let until = steadyMs() + waitsMs;
  let wasAway = false;
  for (let tries = 0; ; tries++) {
    const before = state.started;
    const outcome = await Promise.race([once(printed), ends.left, given]);
    if (outcome.kind === 'exit') {
      if (wasAway && !outcome.whole) call.out.notice(cutOff(name, outcome.status));
      return outcome.status;
    }
    if (outcome.kind === 'failed') throw new CliError(outcome.message);
    if (state.joined) {
      tries = 0;
      until = steadyMs() + waitsMs;
    }
    state.joined = undefined;
    if (outcome.kind === 'refused') throwFinal(outcome, before, name);
    if (steadyMs() > until) throw new CliError(lostFor(name, waitsMs, outcome));
    wasAway = true;
    if (tries === 0) call.out.notice(`${state.started ? '\n' : ''}${lost(name)}`);
    const left = await Promise.race([sleep(backOff(tries), ends.given), ends.left]);
    if (left?.kind === 'exit') return left.status;
  }
}

/** What no trying again changes. @param before we were joined to it once */
function throwFinal(
  { httpStatus, message, resource }: Extract<Outcome, { kind: 'refused' }>,
  before: boolean,
  name: string,
): void {
  if (!before) throw new CliError(message);
  if (httpStatus === 401 || httpStatus === 403 || resource === 'app')
    throw new CliError(`The connection was lost, and the server does not let us back to ${name}: ${message}`);
  if (httpStatus === 404) throw new CliError(gone(name));
}

const lost = (name: string): string =>
  `The connection to ${name} was lost. It goes on, and we are trying to come back to it (Ctrl-C gives up).`;

const cutOff = (name: string, status: number): string =>
  `${name} ended with status ${status} while we were away, and so did what kept its output for us, as with its engine: its last output may be missing.`;

const gone = (name: string): string =>
  `The connection was lost, and ${name} is gone meanwhile. How it ended may be in the log: twelve logs -p ${name}`;

function lostFor(name: string, waitsMs: number, outcome: { why: string } | { message: string }): string {
  const why = 'why' in outcome ? outcome.why : outcome.message;
  return `The connection was lost, and there was no way back to ${name} for ${Math.round(waitsMs / 1000)} s (${why}). It is hung up on when the server has waited as long for us. What must go on without us is run detached: twelve run:detached`;
}

interface Parts {
  state: State;
  input: Input;
  begin(): void;
  pace: typeof usualPace;
  tty: boolean;
}

function oneConnection(
  call: Call,
  kept: Kept,
  printed: Printed,
  { state, input, begin, pace, tty }: Parts,
): Promise<Outcome> {
  const connection = connect(
    call,
    kept,
    printed,
    {
      started(taken) {
        state.joined = connection;
        input.sendRest(taken);
        if (!state.started) {
          state.started = true;
          begin();
          return;
        }
        call.out.notice(`We are back at ${kept.name}.`);
        const { columns, rows } = call.world.stdout;
        if (tty) connection.say({ type: 'resize', columns, rows });
      },
      taken: input.taken,
    },
    pace,
  );
  state.connection = connection;
  return connection.outcome;
}

interface Input {
  /** @returns what ends the reading */
  begin(): () => void;
  taken(bytes: number): void;
  /** To a connection that has just been made. */
  sendRest(taken: number): void;
}

/** @param interrupt Ctrl-C was typed while the process could not be told */
function readInput({ world }: Call, tty: boolean, state: State, interrupt: () => void): Input {
  const { stdin } = world;
  const kept = createKeptInput();
  let ended = false;
  const onData = (bytes: Buffer): void => {
    if (tty && !state.joined && bytes.includes(ctrlC)) {
      interrupt();
      return;
    }
    kept.push(bytes);
    state.joined?.send(bytes);
    if (kept.size() > inputAhead) stdin.pause();
  };
  const onEnd = (): void => {
    ended = true;
    state.joined?.say({ type: 'eof' });
  };
  // Run in the background (`&`) there is no terminal to read from; that is no failure of the process.
  const onError = (): void => {
    if (!tty) onEnd();
  };
  const taken = (bytes: number): void => {
    kept.taken(bytes);
    if (stdin.isPaused() && kept.size() < inputAhead / 2) stdin.resume();
  };
  return {
    taken,
    sendRest(bytes) {
      taken(bytes);
      for (const part of kept.rest()) state.joined?.send(part);
      if (ended) state.joined?.say({ type: 'eof' });
    },
    begin() {
      stdin.on('data', onData).on('end', onEnd).on('error', onError);
      stdin.resume();
      return () => {
        stdin.off('data', onData).off('end', onEnd).off('error', onError);
        stdin.pause();
        // A pipe that is still open would keep us from ending.
        stdin.unref?.();
      };
    },
  };
}
