// What went wrong with a Docker Engine, said as a PlatformError: a code for programs, the engine's own sentence for people.
import { type ErrorCode, messageOf, PlatformError } from '../domain/errors.ts';

/** What dockerode throws, as far as we read it. */
export interface DockerFailure extends Error {
  statusCode?: number;
  json?: unknown;
  code?: string;
}

export interface FailureFacts {
  socketPath: string;
  signal?: AbortSignal;
}

/** @param doing what was tried, to follow "could not", e.g. `start the container "web"` */
export function toPlatformError(doing: string, error: unknown, facts: FailureFacts): PlatformError {
  if (error instanceof PlatformError) return error;
  if (facts.signal?.aborted) return cancelled(doing, facts.signal);
  const failure = error as DockerFailure;
  const unavailable = whyUnavailable(failure, facts.socketPath);
  if (unavailable) {
    return new PlatformError('engine_unavailable', unavailable, {}, { cause: error });
  }
  const status = failure.statusCode ?? null;
  const sentence = sentenceOf(failure);
  return new PlatformError(
    codeOf(sentence, status),
    `Could not ${doing}: ${sentence}${whatToDo(sentence)}`,
    { status },
    { cause: error },
  );
}

/** A PlatformError given as the reason of the abort is passed on, so that the one who cancelled decides what is said. */
export function cancelled(doing: string, signal: AbortSignal): PlatformError {
  if (signal.reason instanceof PlatformError) return signal.reason;
  return new PlatformError('cancelled', `Cancelled while trying to ${doing}.`, {}, { cause: signal.reason });
}

/** The HTTP status behind an error, where the engine answered with one. */
export function statusOf(error: unknown): number | null {
  const status = error instanceof PlatformError ? error.details['status'] : null;
  return typeof status === 'number' ? status : null;
}

/** By the engine's words first: they are steadier than its numbers, which differ by version and by stream or answer. */
export function codeOf(sentence: string, status: number | null = null): ErrorCode {
  if (/pool overlaps|overlaps with other|has active endpoints/i.test(sentence)) return 'conflict';
  if (/manifest unknown|manifest .*not found|pull access denied/i.test(sentence)) return 'not_found';
  if (status === 404) return 'not_found';
  if (status === 409) return 'conflict';
  return 'engine_failed';
}

/** What an engine's words mean that do not say what to do. */
const remedies: readonly [RegExp, string][] = [
  // Of its own defaults, with which it drops what apps print; ours are blocking.
  [
    /max-buffer-size option is only supported/i,
    'The engine has this as a default: take "max-buffer-size" and "mode" out of "log-opts" in /etc/docker/daemon.json and restart it; with them it drops lines of apps that print much.',
  ],
  // It writes them when it is started, and firewalld and others empty the tables when they are.
  [
    /iptables.*(No chain\/target\/match by that name|Chain '\S+' does not exist)/is,
    "The engine's rules of the packet filter are gone, as where a firewall was started after it: restart the engine (systemctl restart docker), then try again.",
  ],
];

function whatToDo(sentence: string): string {
  const remedy = remedies.find(([words]) => words.test(sentence))?.[1];
  return remedy ? `. ${remedy}` : '';
}

function sentenceOf(failure: DockerFailure): string {
  const json = failure.json as { message?: unknown } | null | undefined;
  if (json && typeof json === 'object' && typeof json.message === 'string') return json.message.trim();
  return messageOf(failure)
    .replace(/^\(HTTP code \d+\) .*? - /, '')
    .trim();
}

function whyUnavailable(failure: DockerFailure, socketPath: string): string | null {
  switch (failure.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return `No container engine answers at ${socketPath}. Start Docker (systemctl start docker), or set TWELVE_ENGINE to its socket.`;
    case 'EACCES':
    case 'EPERM':
      return `Not allowed to open ${socketPath}. Run as root or as a member of the group "docker", or set TWELVE_ENGINE to another socket.`;
    case 'ECONNRESET':
    case 'EPIPE':
      return `The container engine at ${socketPath} broke off the connection. If it is being restarted, try again when it is up.`;
    default:
      return null;
  }
}
