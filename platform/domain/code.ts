// Heroku's codes for what goes wrong with a request (H) or a process (R): one list for log, pages, API and command line.
import type { LogLine } from './log-line.ts';

export const codes = {
  H10: 'App crashed',
  H12: 'Request timeout',
  H13: 'Connection closed without response',
  H14: 'No web processes running',
  H15: 'Idle connection',
  H17: 'Poorly formatted HTTP response',
  H18: 'Server Request Interrupted',
  H19: 'Backend connection timeout',
  H21: 'Backend connection refused',
  H24: 'Forced close',
  H27: 'Client Request Interrupted',
  H28: 'Client Connection Idle',
  H80: 'Maintenance mode',
  H99: 'Platform error',
  R10: 'Boot timeout',
  R12: 'Exit timeout',
  R14: 'Memory quota exceeded',
  R15: 'Memory quota vastly exceeded',
} as const;

export type Code = keyof typeof codes;
/** Of a request: said in the router's line. */
export type RequestCode = Extract<Code, `H${string}`>;
/** Of a process: said in a line of its own. */
export type RuntimeCode = Extract<Code, `R${string}`>;

/** `Error R10 (Boot timeout)`, as it stands in the log; H10 is what `ps` says of a web process that crashed. */
export function errorName(code: RuntimeCode | 'H10'): string {
  return `Error ${code} (${codes[code]})`;
}

/**
 * The code that a line of the platform tells of, and the process concerned where there is one. Of the router's line only the
 * beginning is ours alone: a path may hold anything.
 */
export function codeIn({
  source,
  process,
  text,
}: Pick<LogLine, 'source' | 'process' | 'text'>): { code: Code; process: string | null } | null {
  if (source !== 'twelve') return null;
  const ofRouter = process === 'router';
  const pattern = ofRouter ? /^(?:sock=\w+ )?at=(?:error|warning|info) code=(\w+) / : /^Error (\w+) \(/;
  const code = pattern.exec(text)?.[1] ?? '';
  if (!Object.hasOwn(codes, code)) return null;
  const dyno = ofRouter ? / dyno=(\S*) connect=[^"]*$/.exec(text)?.[1] || null : process;
  return { code: code as Code, process: dyno };
}

/** `R10 (Boot timeout)`; of a server that knows more codes than we do, the code alone. */
export function codeInWords(code: string): string {
  return Object.hasOwn(codes, code) ? `${code} (${codes[code as Code]})` : code;
}
