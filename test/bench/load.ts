// Load on an address by wrk: 64 connections, one thread, for a few seconds; and what wrk says of it.
import type { Bench } from './bench.ts';
import type { Target } from './polling.ts';

export const connections = 64;

export interface Load {
  requests: number;
  perSecond: number;
  /** Why these figures count for nothing: requests that failed or were not answered with success. */
  wrong: string | null;
}

/** @param cores that wrk may use, e.g. `1-3` */
export async function load(bench: Bench, target: Target, seconds: number, cores: string): Promise<Load> {
  const wrk = ['wrk', '--threads', '1', '--connections', String(connections), '--duration', `${seconds}s`];
  const { stdout } = await bench.programs.run('taskset', [
    ...['--cpu-list', cores, ...wrk, '--header', `Host: ${target.name}`],
    `http://${target.host}:${target.port}/`,
  ]);
  return parseLoad(stdout);
}

/** @throws Error when it is not what wrk prints */
export function parseLoad(said: string): Load {
  const requests = Number(/^\s*(\d+) requests in /m.exec(said)?.[1]);
  const perSecond = Number(/^Requests\/sec:\s+([\d.]+)$/m.exec(said)?.[1]);
  if (!Number.isFinite(requests) || !Number.isFinite(perSecond) || perSecond === 0)
    throw new Error(`wrk measured nothing:\n${said}`);
  const wrong = /^\s*(Socket errors: .*|Non-2xx or 3xx responses: \d+)$/m.exec(said)?.[1] ?? null;
  return { requests, perSecond, wrong };
}
