// Asks a process one question of a health check, once.
import { request } from 'node:http';
import { connect } from 'node:net';
import { hasCode, messageOf } from '../domain/errors.ts';
import type { Answer, HealthCheck, Probe } from '../domain/health-check.ts';
import { appUid, webPort } from '../domain/process.ts';
import { isLate, within } from '../domain/time-limit.ts';
import type { Engine } from '../engine/engine.ts';
import { bootProgram } from './container.ts';

export interface Target {
  containerId: string;
  address: string;
}

/** Never throws: what went wrong is the answer. */
export type Ask = (check: HealthCheck, target: Target, signal: AbortSignal) => Promise<Answer>;

/** As much of an answer is looked at. */
const mostBytes = 1_048_576;

export function createAsk(engine: Pick<Engine, 'exec'>): Ask {
  const ask: Ask = async (check, { address, containerId }, signal) => {
    const { probe, timeout } = check;
    // Node would take the empty name for this machine's own loopback.
    if (address === '' && (probe.how === 'http' || probe.how === 'listening'))
      return { ok: false, said: 'it has no address' };
    if (probe.how === 'http')
      return within(signal, timeout * 1000, (either) => askHttp(probe, address, timeout * 1000, either));
    if (probe.how === 'listening') return askPort(address, probe.port ?? webPort, timeout * 1000);
    if (probe.how === 'command') return runInside(engine, containerId, probe.command, timeout, signal);
    return { ok: true };
  };
  return (...question) => ask(...question).catch((error) => ({ ok: false, said: messageOf(error) }));
}

/** Ended in there, too, when its time is over. */
export async function runInside(
  engine: Pick<Engine, 'exec'>,
  containerId: string,
  command: string | readonly string[],
  timeout: number,
  signal: AbortSignal,
): Promise<Answer> {
  const program = typeof command === 'string' ? [bootProgram, command] : command;
  return within(signal, timeout * 1000 + 5000, async (either) => {
    try {
      const { exitCode, output } = await engine.exec(
        containerId,
        ['timeout', '-k', '1', String(timeout), ...program],
        { user: `${appUid}:${appUid}`, signal: either },
      );
      if (exitCode === 0) return { ok: true };
      if (exitCode === 124 || exitCode === 137) return tooLate(timeout * 1000);
      return { ok: false, said: `exit status ${exitCode}${quoted(output)}` };
    } catch (error) {
      // The engine is away, or hangs, since in there the time is kept: that says nothing of the process.
      if (isLate(either)) return { ok: true };
      if (hasCode(error, 'engine_unavailable')) return { ok: true };
      return { ok: false, said: messageOf(error) };
    }
  });
}

function askPort(host: string, port: number, ms: number): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: ms });
    const end = (answer: Answer) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket
      .once('connect', end({ ok: true }))
      .once('timeout', end(tooLate(ms)))
      .once('error', (error: NodeJS.ErrnoException) => end(notReached(error))());
  });
}

/** Redirects count as an answer and are not followed. @param ms after which the signal aborts */
function askHttp(
  { path, port, content, headers }: Extract<Probe, { how: 'http' }>,
  host: string,
  ms: number,
  signal: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void =>
      resolve(isLate(signal) ? tooLate(ms) : notReached(error));
    const sent = request(
      {
        host,
        port: port ?? webPort,
        path,
        agent: false,
        signal,
        headers: {
          'user-agent': 'twelve-health-check',
          ...Object.fromEntries(headers.map((one) => [one.name.toLowerCase(), one.value])),
        },
      },
      (response) => {
        const pieces: Buffer[] = [];
        let size = 0;
        const status = response.statusCode ?? 0;
        const end = (): void => {
          const body = Buffer.concat(pieces).toString('utf8');
          resolve(judge(status, body, content));
          response.destroy();
        };
        response.on('data', (piece: Buffer) => {
          pieces.push(piece);
          size += piece.length;
          if (size > mostBytes) end();
        });
        response.once('end', end).once('error', failed);
      },
    );
    // Without an error too, as after an answer 101. What was answered before stays.
    sent
      .once('error', failed)
      .once('close', () => resolve({ ok: false, said: 'no answer: it closed the connection' }));
    sent.end();
  });
}

export function judge(status: number, body: string, content: string): Answer {
  if (status < 200 || status > 399) return { ok: false, said: `status ${status}${quoted(body)}` };
  if (content !== '' && !body.includes(content))
    return { ok: false, said: `status ${status} without "${content.slice(0, 80)}" in it${quoted(body)}` };
  return { ok: true };
}

/** The beginning of what was answered, on one line, without what could move a terminal's cursor. */
function quoted(text: string): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return line === '' ? '' : `: "${line.slice(0, 200)}${line.length > 200 ? '…' : ''}"`;
}

function tooLate(ms: number): Answer {
  return { ok: false, said: `no answer within ${ms / 1000} s` };
}

function notReached(error: NodeJS.ErrnoException): Answer {
  if (error.code === 'ECONNREFUSED') return { ok: false, said: 'nothing listens there', refused: true };
  return { ok: false, said: `no answer (${error.code ?? error.message})` };
}
