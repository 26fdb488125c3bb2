// What a build prints, from its start to its end, over breaks of the connection.
import { StringDecoder } from 'node:string_decoder';
import { steadyMs } from '../domain/time-limit.ts';
import type { Call } from './command.ts';
import { CliError, UnreachableError } from './errors.ts';
import { backOff, sleep } from './patience.ts';
import { safeForTerminal } from './terminal-text.ts';

const patienceMs = 120_000;

/**
 * Prints it. The server replays from the start each time, so after a break the part seen before is left out.
 * @param live false when it has ended: then an output that is not there will not come
 */
export async function streamOutput(call: Call, url: string, live: boolean): Promise<void> {
  const { closed } = call.out;
  const signal = AbortSignal.any([call.signal, closed]);
  const print = printer(call);
  let seen = 0;
  let lastNews = steadyMs();
  try {
    for (let failures = 0; ; failures++) {
      const before = seen;
      if (await readOnce()) return;
      if (seen > before) {
        failures = 0;
        lastNews = steadyMs();
      }
      if (!live) throw new CliError('The output is not kept any more.');
      if (steadyMs() - lastNews > patienceMs)
        throw new CliError('The output does not come. See later: twelve builds:output');
      await sleep(backOff(failures), signal);
    }
  } catch (error) {
    if (closed.aborted && !call.signal.aborted) return;
    throw error;
  }

  /** @returns true at its end, false when another try is due */
  async function readOnce(): Promise<boolean> {
    try {
      const response = await call.api().stream(url, { Accept: 'text/plain' }, signal);
      const status = response.statusCode ?? 0;
      if (status !== 200) {
        response.resume();
        // 404: not started yet.
        if (status === 404 || status >= 500) return false;
        throw new CliError(`The output was refused with status ${status}.`);
      }
      let skip = seen;
      for await (const part of response as AsyncIterable<Buffer>) {
        const fresh = part.subarray(Math.min(skip, part.length));
        skip -= part.length - fresh.length;
        seen += fresh.length;
        print(fresh);
      }
      return true;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof CliError && !(error instanceof UnreachableError)) throw error;
      call.out.notice('The connection broke. Connecting again.');
      return false;
    }
  }
}

function printer(call: Call): (bytes: Buffer) => void {
  if (!call.world.stdout.isTTY) return call.out.raw;
  const decoder = new StringDecoder('utf8');
  return (bytes) => call.out.raw(safeForTerminal(decoder.write(bytes)));
}
