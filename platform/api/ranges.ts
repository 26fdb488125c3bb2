// Lists in pages: `Range: <field> <from>..<to>; max=<n>, order=<asc|desc>` and `Next-Range`.
import type { Request, Response } from 'express';
import { PlatformError } from '../domain/errors.ts';

export type Fields<T> = Readonly<Record<string, (item: T) => string | number>>;

interface Range {
  field: string;
  from: string | null;
  exclusive: boolean;
  to: string | null;
  max: number;
  order: 'asc' | 'desc';
}

const defaultMax = 200;
const ceiling = 1000;

/** Sends one page of `items`. The first of `fields` is the default to sort by. */
export function sendList<T>(
  request: Request,
  response: Response,
  items: readonly T[],
  fields: Fields<T>,
  shape: (item: T) => unknown,
): void {
  const range = parseRange(request.headers.range, Object.keys(fields));
  const value = fields[range.field]!;
  const sorted = [...items].sort((a, b) => compare(value(a), value(b)) * (range.order === 'asc' ? 1 : -1));
  const within = sorted.filter((item) => isWithin(value(item), range));
  const page = within.slice(0, endOfPage(within.map(value), range.max));
  response.setHeader('Accept-Ranges', Object.keys(fields).join(', '));
  const [first, last] = [page[0], page.at(-1)];
  if (first !== undefined && last !== undefined) {
    response.setHeader('Content-Range', `${range.field} ${inHeader(value(first))}..${inHeader(value(last))}`);
    if (within.length > page.length) {
      const order = range.order === 'desc' ? ', order=desc' : '';
      response.setHeader(
        'Next-Range',
        `${range.field} ]${inHeader(value(last))}..; max=${range.max}${order}`,
      );
      response.status(206);
    }
  }
  response.json(page.map(shape));
}

/** @throws PlatformError `requested_range_not_satisfiable` */
export function parseRange(header: string | undefined, fields: readonly string[]): Range {
  const range: Range = {
    field: fields[0]!,
    from: null,
    exclusive: false,
    to: null,
    max: defaultMax,
    order: 'asc',
  };
  const text = (header ?? '').trim();
  if (text === '') return range;
  const [span = '', ...options] = text.split(/[;,]/).map((part) => part.trim());
  const match = /^([a-z_]+)(?:\s+(\]?)([^.\s][^\s]*?)?\.\.(\S*))?$/.exec(span);
  if (!match) throw bad(text);
  const [, field, exclusive, from, to] = match;
  // npm's older client sends `id ..` on everything: a field that this list lacks falls back to the default order.
  if (fields.includes(field!)) {
    const [first, last] = [from, to || undefined].map((one) => (one === undefined ? null : fromHeader(one)));
    Object.assign(range, { field, exclusive: exclusive === ']', from: first, to: last });
  }
  for (const option of options.filter((part) => part !== '')) {
    const pair = /^(max|order)=(\w+)$/.exec(option);
    if (!pair) throw bad(text);
    if (pair[1] === 'order') {
      if (pair[2] !== 'asc' && pair[2] !== 'desc') throw bad(text);
      range.order = pair[2];
    } else {
      const max = Number(pair[2]);
      if (!Number.isInteger(max) || max < 1) throw bad(text);
      range.max = Math.min(max, ceiling);
    }
  }
  return range;
}

/** What is equal is not divided: the next page begins behind the last of this one, and would leave out the rest of its equals. */
function endOfPage(values: readonly (string | number)[], max: number): number {
  let end = max;
  while (end < values.length && compare(values[end]!, values[end - 1]!) === 0) end += 1;
  return end;
}

/** A header holds no other characters than these; e-mail addresses may. What divides a range is written so, too. */
function inHeader(value: string | number): string {
  return String(value).replace(
    /[^\x21-\x24\x26-\x2b\x2d-\x3a\x3c-\x5c\x5e-\x7e]+|\.(?=\.)|^\.|\.$/gu,
    escaped,
  );
}

function escaped(text: string): string {
  return encodeURIComponent(text).replaceAll('.', '%2E');
}

/** What clients make up themselves need not be written so. */
function fromHeader(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function bad(text: string): PlatformError {
  return new PlatformError(
    'requested_range_not_satisfiable',
    `The Range "${text.slice(0, 80)}" cannot be read. Use for example: id ..; max=100, order=desc`,
  );
}

function isWithin(value: string | number, range: Range): boolean {
  const sign = range.order === 'asc' ? 1 : -1;
  if (range.from !== null) {
    const side = compare(value, typeof value === 'number' ? Number(range.from) : range.from) * sign;
    if (side < 0 || (range.exclusive && side === 0)) return false;
  }
  if (range.to !== null)
    return compare(value, typeof value === 'number' ? Number(range.to) : range.to) * sign <= 0;
  return true;
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
