// app.json's health checks, in Dokku's form. One that cannot be used ends the build: silently left out it would be missed later.
import { z } from 'zod';
import type { PlatformError } from '../domain/errors.ts';
import { describeProbe, type HealthCheck, type HealthChecks, type Probe } from '../domain/health-check.ts';
import { webPort } from '../domain/process.ts';
import { mistyped, readByType } from './app-json-words.ts';
import { buildFailed } from './failures.ts';

const seconds = (most: number) => z.number().min(0).max(most);
const longestCommand = 4096;
const port = z.number().int().min(1).max(65_535).optional();
/** Of what goes into a request's head. */
const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, 'not the name of a header');
const headerValue = z.string().regex(/^[\t\x20-\x7e]{0,1000}$/, 'not the value of a header');
const command = z
  .union([z.string(), z.array(z.string())], 'it must be a text, or a list of texts')
  .refine((one) => (typeof one === 'string' ? one.trim() : one[0]?.trim()), 'it is empty')
  .refine((one) => !String(one).includes('\0'), 'it contains a NUL byte, which no command can hold')
  .refine((one) => String(one).length <= longestCommand, `it has more than ${longestCommand} characters`)
  .transform((one) => (typeof one === 'string' ? one.trim() : one));

/** Other tools may have more properties in it; those are left alone, as Dokku does. */
const fields = {
  type: z.enum(['startup', 'readiness', 'liveness', '']).default('startup'),
  name: z
    .string()
    .max(100)
    .regex(/^\P{Cc}*$/u, 'it contains control characters')
    .default(''),
  path: z
    .string()
    .regex(/^\/[\x21-\x7e]{0,1000}$/, 'not a path: it begins with / and has no spaces')
    .optional(),
  command: command.optional(),
  listening: z.boolean().optional(),
  uptime: z.number().min(0.1).max(3600).optional(),
  port,
  scheme: z.enum(['http'], 'only http is spoken inside').optional(),
  content: z.string().max(1000).default(''),
  httpHeaders: z.array(z.object({ name: headerName, value: headerValue })).default([]),
  attempts: z.number().int().min(1).max(1000).default(3),
  timeout: z.number().min(0.1).max(300).default(5),
  wait: z.number().min(0.1).max(3600).default(5),
  initialDelay: seconds(3600).default(0),
  warn: z.boolean().default(false),
  onFailure: z.object({ command: command.optional(), url: z.unknown().optional() }).optional(),
};
const entry = z.object(fields, 'it must be an object such as {"type": "startup", "path": "/ready"}');
type Entry = z.output<typeof entry>;

const all = z.record(
  z.string(),
  z.array(entry, 'it must be a list of checks').max(20, '20 checks of a process type are the most'),
  'it must be an object with a list of checks for each process type',
);

/** @throws PlatformError `build_failed` (E21) naming the property */
export function healthChecksOf(
  written: unknown,
  warn: (sentence: string) => void,
): { healthchecks?: HealthChecks } {
  if (written === undefined || written === null) return {};
  const healthchecks = parse(written);
  for (const [type, entries] of Object.entries(written))
    for (const [index, one] of (entries as unknown[]).entries())
      for (const { name, meant } of mistyped(one, Object.keys(fields)))
        warn(`app.json: healthchecks.${type}.${index}.${name} is not used. Did you mean ${meant}?`);
  return { healthchecks };
}

function parse(written: unknown): HealthChecks {
  return Object.fromEntries(
    Object.entries(readByType(written, all, unusable)).map(([type, entries]) => [
      type,
      entries.map((one, index) => checkOf(one, [type, index])),
    ]),
  );
}

function checkOf(written: Entry, path: readonly PropertyKey[]): HealthCheck {
  const probe = probeOf(written, path);
  const type = written.type === '' ? 'startup' : written.type;
  if (probe.how === 'uptime' && type !== 'startup')
    throw unusable(
      [...path, 'uptime'],
      `uptime says when a process has started, so it is of no use for ${type}`,
    );
  if (type === 'readiness' && path[0] !== 'web')
    throw unusable(
      [...path, 'type'],
      'readiness is for web, since no other process type gets requests. Use startup or liveness',
    );
  if (written.onFailure && (written.onFailure.url !== undefined || written.onFailure.command === undefined))
    throw unusable(
      [...path, 'onFailure'],
      'it takes a command, which runs in the process’s container, and no url',
    );
  return {
    type,
    name: written.name || describeProbe(probe, webPort),
    probe,
    attempts: written.attempts,
    timeout: written.timeout,
    wait: written.wait,
    initialDelay: written.initialDelay,
    warn: written.warn,
    onFailure: written.onFailure?.command ?? null,
  };
}

/** One question per check. Without any it is HTTP's `/` for web, as with Dokku, when something about HTTP is said. */
function probeOf(written: Entry, path: readonly PropertyKey[]): Probe {
  const ways = (['path', 'command', 'uptime', 'listening'] as const).filter(
    (way) => written[way] !== undefined && written[way] !== false,
  );
  if (ways.length > 1) throw unusable(path, `it has ${ways.join(' and ')}; a check asks one thing`);
  const [way] = ways;
  const at = written.port ?? null;
  const isWeb = path[0] === 'web';
  if (way === 'command') return { how: 'command', command: written.command! };
  if (way === 'uptime') return { how: 'uptime', seconds: written.uptime! };
  const speaksHttp = way === 'path' || written.content !== '' || written.httpHeaders.length > 0;
  if (!isWeb && at === null && (speaksHttp || way === 'listening'))
    throw unusable(path, 'it does not say which port; only web has $PORT');
  if (speaksHttp)
    return {
      how: 'http',
      path: written.path ?? '/',
      port: at,
      content: written.content,
      headers: written.httpHeaders,
    };
  if (way === 'listening' || at !== null) return { how: 'listening', port: at };
  throw unusable(path, 'it says nothing to check. It takes one of: path, command, listening, port, uptime');
}

function unusable(path: readonly PropertyKey[], why: string): PlatformError {
  const where = ['healthchecks', ...path].map(String).join('.');
  return buildFailed('E21', `app.json: ${where} cannot be used: ${why}.`);
}
