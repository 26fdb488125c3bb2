// `cron` of app.json, in Dokku's form: which commands run when. What cannot be used refuses the build.
import { createHash } from 'node:crypto';
import { Cron } from 'croner';
import { z } from 'zod';
import { type CronEntry, cronPolicies } from '../domain/cron.ts';
import { messageOf, type PlatformError } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';
import { buildFailed } from './failures.ts';

const macros = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];
const names = /\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)\b/gi;
const mostEntries = 100;
const longestCommand = 4096;
const longestSchedule = 1000;

const text = (expected: string) =>
  z
    .string(`it must be ${expected}`)
    .refine((value) => value.trim() !== '', `it must be ${expected}, not empty`);

const entrySchema = z.object(
  {
    command: text('a command, or the name of a process type')
      .max(longestCommand, `it has more than ${longestCommand} characters`)
      .refine((value) => !value.includes('\0'), 'it contains a NUL byte, which no command can hold'),
    schedule: text('five fields such as "0 3 * * *", or a macro such as "@daily"')
      .max(longestSchedule, `it has more than ${longestSchedule} characters`)
      .transform(readSchedule),
    timezone: text('the name of a time zone such as "Europe/Berlin"').default('UTC').transform(readTimezone),
    concurrency_policy: z.enum(cronPolicies, `it must be one of ${cronPolicies.join(', ')}`).default('allow'),
    maintenance: z.boolean('it must be true or false').default(false),
  },
  'it must be an object with "command" and "schedule"',
);
type Written = z.output<typeof entrySchema>;

/**
 * @param written what stands under `cron`
 * @throws PlatformError `build_failed`, naming the entry, the field and what is expected
 */
export function cronOf(written: unknown, warn: (sentence: string) => void): { cron?: CronEntry[] } {
  if (written === undefined || written === null) return {};
  if (!Array.isArray(written))
    throw refused('cron must be a list of entries, each with "command" and "schedule".');
  if (written.length > mostEntries)
    throw refused(`cron has ${written.length} entries; ${mostEntries} are the most.`);
  const entries: CronEntry[] = [];
  for (const [index, one] of written.entries()) {
    const entry = entryOf(readEntry(one, index, warn));
    const alike = entries.findIndex(({ id }) => id === entry.id);
    if (alike >= 0)
      throw refused(
        `${nameOf(one, index)} is the same as entry ${alike + 1}: command, schedule and timezone of two entries must differ somewhere.`,
      );
    entries.push(entry);
  }
  return entries.length > 0 ? { cron: entries } : {};
}

function readEntry(one: unknown, index: number, warn: (sentence: string) => void): Written {
  const result = entrySchema.safeParse(one);
  if (!result.success) {
    const { path, message } = result.error.issues[0]!;
    throw refused(`${nameOf(one, index)}${path.length > 0 ? `: ${path.join('.')}` : ''}: ${message}.`);
  }
  for (const name of Object.keys(one as object).filter((key) => !(key in entrySchema.shape)))
    warn(
      `app.json: ${nameOf(one, index)}: ${name.slice(0, 60)} is not used: no field of a cron entry has that name.`,
    );
  return result.data;
}

function entryOf({
  command,
  schedule,
  timezone,
  concurrency_policy: policy,
  maintenance,
}: Written): CronEntry {
  const facts = { command: command.trim(), schedule, timezone };
  const id = createHash('sha256')
    .update(JSON.stringify(Object.values(facts)))
    .digest('hex')
    .slice(0, 8);
  return { id, ...facts, policy, maintenance };
}

/** In a form of its own, so that blanks make no other entry of it. */
function readSchedule(written: string, context: z.RefinementCtx): string {
  const schedule = written.trim().replace(/\s+/g, ' ');
  const say = (message: string): never => {
    context.issues.push({ code: 'custom', message, input: written });
    return z.NEVER;
  };
  const shown = `"${schedule.slice(0, 60)}"`;
  if (schedule.startsWith('@')) {
    const macro = schedule.toLowerCase();
    return macros.includes(macro) ? macro : say(`there is no ${shown}. Macros: ${macros.join(', ')}`);
  }
  const count = schedule.split(' ').length;
  const fields = 'minute, hour, day of the month, month, day of the week (such as "0 3 * * *")';
  if (count !== 5) {
    const seconds = count === 6 ? '; seconds are not supported' : '';
    return say(
      `${shown} has ${count} ${count === 1 ? 'field' : 'fields'} where five are expected: ${fields}${seconds}`,
    );
  }
  // The library knows more signs, some of which mean something else on every look.
  if (!/^[\d*,/\- ]+$/.test(schedule.replace(names, '0')))
    return say(`${shown} cannot be read: fields hold numbers, names of months and days, and * , - /`);
  try {
    const cron = new Cron(schedule, { mode: '5-part', timezone: 'UTC', paused: true });
    return cron.nextRun() ? schedule : say(`${shown} names a time that never comes`);
  } catch (error) {
    return say(
      `${shown} cannot be read (${messageOf(error)
        .replace(/^CronPattern: /, '')
        .replace(/\.$/, '')}). Expected: ${fields}`,
    );
  }
}

function readTimezone(written: string, context: z.RefinementCtx): string {
  const name = written.trim();
  try {
    // An offset such as +02:00 would be taken too, and would be wrong for half of the year.
    if (/^[A-Za-z]/.test(name) && new Intl.DateTimeFormat('en', { timeZone: name })) return name;
  } catch {
    // Told below, with what was probably meant.
  }
  const meant = nearest(name, Intl.supportedValuesOf('timeZone'));
  const message = `there is no time zone "${name.slice(0, 60)}".${meant ? ` Did you mean ${meant}?` : ''} Expected is an IANA name such as UTC or Europe/Berlin`;
  context.issues.push({ code: 'custom', message, input: written });
  return z.NEVER;
}

function nameOf(one: unknown, index: number): string {
  const command = (one as { command?: unknown } | null)?.command;
  const shown = typeof command === 'string' && command.trim() ? ` ("${command.trim().slice(0, 60)}")` : '';
  return `cron entry ${index + 1}${shown}`;
}

function refused(sentence: string): PlatformError {
  return buildFailed('E21', `app.json: ${sentence}`);
}
