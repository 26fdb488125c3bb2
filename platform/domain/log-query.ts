// Which lines of a log are meant: what users write for it, checked and understood in one place.
import { PlatformError } from './errors.ts';
import type { LogFilter, LogSource } from './log-line.ts';

/** As users write it. */
export interface LogQueryWords {
  source?: string | undefined;
  process?: string | undefined;
  release?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
  grep?: string | undefined;
}

const longestGrep = 1000;

/**
 * @param now microseconds
 * @throws PlatformError `invalid_params` with a sentence that teaches what may stand there
 */
export function readLogQuery(words: LogQueryWords, now: number): LogFilter {
  const filter: LogFilter = {};
  if (words.source !== undefined) filter.source = readSource(words.source);
  if (words.process !== undefined) filter.process = readProcess(words.process);
  if (words.release !== undefined) filter.release = readRelease(words.release);
  if (words.since !== undefined) filter.since = readMoment(words.since, now);
  if (words.until !== undefined) filter.until = readMoment(words.until, now);
  if (words.grep !== undefined) filter.text = readText(words.grep);
  if (filter.since !== undefined && filter.until !== undefined && filter.since > filter.until)
    throw wrong(`"${shortened(words.since)}" is later than "${shortened(words.until)}": no line is between.`);
  return filter;
}

function readSource(text: string): LogSource {
  // Heroku's clients ask for its name.
  if (text === 'heroku') return 'twelve';
  if (text === 'app' || text === 'twelve') return text;
  throw wrong(`There is no log source "${shortened(text)}". Sources: app, twelve.`);
}

function readProcess(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}(\.\d{1,9})?$/.test(text)) return text;
  throw wrong(
    `"${shortened(text)}" is not the name of a process: give one such as web.1, all of a type such as web, or router.`,
  );
}

function readRelease(text: string): number {
  if (/^v?[1-9]\d{0,8}$/.test(text)) return Number(text.replace('v', ''));
  throw wrong(`"${shortened(text)}" is not a release: give one such as v12. "twelve releases" lists them.`);
}

function readText(text: string): string {
  if (text === '') throw wrong('There is no text to look for.');
  if (text.length > longestGrep)
    throw wrong(`The text to look for may have at most ${longestGrep} characters.`);
  if (/[\r\n]/.test(text)) throw wrong('The text to look for must be on one line, as lines are looked at.');
  return text;
}

const durationPattern = /^(?:(\d{1,4})w)?(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,7})m)?(?:(\d{1,9})s)?$/;
const clockPattern = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?$/;
const datePattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?([Zz]|[+-]\d{2}:?\d{2})?)?$/;
const dayMicros = 86_400_000_000;

/** `10m` ago, the last `04:00`, or a date with or without a time; UTC where no zone is given, as the log itself is. */
function readMoment(text: string, now: number): number {
  const moment = ago(text, now) ?? clock(text, now) ?? date(text);
  if (moment !== undefined) return moment;
  throw wrong(
    `"${shortened(text)}" is not a time: give how long ago (30s, 10m, 1h30m, 2d), a time of day (04:00), or a date (2026-11-23, 2026-11-23T04:00, 2026-11-23T04:00:00.123456+00:00). Without a zone it is UTC, as in the log.`,
  );
}

function ago(text: string, now: number): number | undefined {
  const found = durationPattern.exec(text);
  if (!found || text === '') return undefined;
  const seconds = [604_800, 86_400, 3600, 60, 1];
  const total = seconds.reduce((sum, unit, index) => sum + unit * Number(found[index + 1] ?? 0), 0);
  return now - total * 1_000_000;
}

function clock(text: string, now: number): number | undefined {
  const found = clockPattern.exec(text);
  if (!found) return undefined;
  const [, hours = '', minutes = '', seconds = '0', fraction = ''] = found;
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const midnight = Math.floor(now / dayMicros) * dayMicros;
  const inDay =
    ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000_000 + micros(fraction);
  const today = midnight + inDay;
  return today > now ? today - dayMicros : today;
}

function date(text: string): number | undefined {
  const found = datePattern.exec(text);
  if (!found) return undefined;
  const [, year, month, day, hours = '00', minutes = '00', seconds = '00', fraction = '', zone = 'Z'] = found;
  const local = `${year}-${month}-${day}T${hours}:${minutes}:${seconds}`;
  const asUtc = Date.parse(`${local}Z`);
  // The 30th of February is taken for a day of March.
  if (Number.isNaN(asUtc) || new Date(asUtc).toISOString().slice(0, 19) !== local) return undefined;
  const zoned = Date.parse(`${local}${zone.toUpperCase().replace(/^([+-]\d{2})(\d{2})$/, '$1:$2')}`);
  return Number.isNaN(zoned) ? undefined : zoned * 1000 + micros(fraction);
}

function micros(fraction: string): number {
  return Number(fraction.slice(0, 6).padEnd(6, '0'));
}

function shortened(text = ''): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function wrong(sentence: string): PlatformError {
  return new PlatformError('invalid_params', sentence);
}
