// Waiting until as many processes run as were asked for.
import { codeInWords } from '../domain/code.ts';
import { appPath, type Call } from './command.ts';
import { CliError, isInterrupt } from './errors.ts';
import type { Action } from './output.ts';
import { patiently, sleep } from './patience.ts';
import type { Dyno, Formation } from './v3.ts';

/** A web process has 60 s to listen; stopping and starting come on top. */
const limitMs = 120_000;
const pauseMs = 300;

/** @throws CliError when one crashes, or the number is not reached in time; the formation stays as it was set */
export async function awaitScale(
  call: Call,
  app: string,
  wanted: readonly Formation[],
  action: Action,
): Promise<void> {
  const path = `${appPath(app)}/dynos`;
  const needs = { signal: call.signal, notice: action.say };
  const until = Date.now() + limitMs;
  try {
    for (;;) {
      const dynos = await patiently(() => call.api().list<Dyno>(path), needs);
      const state = scaleState(wanted, dynos);
      if (state.reached) return;
      if (state.crashed) throw new CliError(crashText(app, state.crashed));
      if (Date.now() > until)
        throw new CliError(
          `The formation is set, but ${state.missing} after ${limitMs / 1000} s. See: twelve ps -a ${app}`,
        );
      await sleep(pauseMs, call.signal);
    }
  } catch (error) {
    if (isInterrupt(error)) {
      action.interrupt();
      call.out.notice(`The formation is set; ${app} goes on scaling without us.`);
    }
    throw error;
  }
}

interface ScaleState {
  reached: boolean;
  crashed: Dyno | undefined;
  /** `web runs 1 of 3` */
  missing: string;
}

export function scaleState(wanted: readonly Formation[], dynos: readonly Dyno[]): ScaleState {
  const missing: string[] = [];
  let crashed: Dyno | undefined;
  for (const { type, quantity, size } of wanted) {
    const ofType = dynos.filter((dyno) => dyno.type === type && dyno.state !== 'down');
    const right = ofType.filter(
      (dyno) => dyno.state === 'up' && dyno.size.toLowerCase() === size.toLowerCase(),
    );
    if (ofType.length === quantity && right.length === quantity) continue;
    missing.push(`${type} runs ${right.length} of ${quantity}`);
    if (quantity > 0) crashed ??= ofType.find((dyno) => dyno.state === 'crashed');
  }
  return { reached: missing.length === 0, crashed, missing: missing.join(', ') };
}

function crashText(app: string, dyno: Dyno): string {
  const code = dyno.code ? `: ${codeInWords(dyno.code)}` : '';
  return `The formation is set, but ${dyno.name} crashed${code}. What it printed: twelve logs -p ${dyno.name} -a ${app}`;
}
