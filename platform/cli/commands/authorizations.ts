// authorizations: tokens with a scope and an expiry, for programs and other machines.
import { type Call, type Command, type Flag, jsonFlag } from '../command.ts';
import { usageError } from '../errors.ts';
import { localTime } from '../terminal-text.ts';
import type { Authorization } from '../v3.ts';

const path = '/oauth/authorizations';
const pathOf = (id: string): string => `${path}/${encodeURIComponent(id)}`;
const userFlag: Readonly<Record<string, Flag>> = {
  user: { type: 'string', help: 'of another user, for administrators' },
};

export const expiresFlag: Readonly<Record<string, Flag>> = {
  'expires-in': {
    type: 'string',
    short: 'e',
    help: 'how long it is good: seconds, or 12h, 90d (default: for ever)',
  },
};
export const shortFlag: Readonly<Record<string, Flag>> = {
  short: { type: 'boolean', short: 'S', help: 'print the token alone' },
};

const list: Command = {
  name: 'authorizations',
  usage: 'authorizations',
  summary: 'list your tokens: what each may, until when, and when it was used last',
  example: 'twelve authorizations',
  flags: { ...userFlag, ...jsonFlag },
  async run(call) {
    const user = call.text('user');
    const query = user ? `?user=${encodeURIComponent(user)}` : '';
    const found = await call.api().list<Authorization>(`${path}${query}`, { field: 'created_at' });
    if (call.on('json')) return call.out.json(found);
    call.out.table([
      ['description', 'id', 'scope', 'expires', 'last used'],
      ...found.map((one) => [
        one.description,
        one.id,
        one.scope.join(', '),
        timeOr(one.expires_at, 'never'),
        timeOr(one.last_used_at, 'never'),
      ]),
    ]);
  },
};

const create: Command = {
  name: 'authorizations:create',
  usage: 'authorizations:create',
  summary: 'make a token, which is shown this once',
  example: 'twelve authorizations:create --scope deploy --expires-in 90d -d "CI of hello"',
  flags: {
    description: { type: 'string', short: 'd', help: 'what it is for' },
    scope: {
      type: 'string',
      short: 's',
      help: 'read, deploy, write or admin, each with those before it (default: what yours may)',
    },
    ...expiresFlag,
    user: { type: 'string', help: 'for another user, for administrators' },
    ...shortFlag,
    ...jsonFlag,
  },
  async run(call) {
    const body = {
      ...defined('description', call.text('description')),
      ...tokenOrder(call),
      ...defined('user', call.text('user')),
    };
    const made = await call.out.during(
      'Creating an authorization',
      () => call.api().send<Authorization>('POST', path, body),
      ({ id }) => id,
    );
    showOnce(call, made);
  },
};

const info: Command = {
  name: 'authorizations:info',
  usage: 'authorizations:info [id]',
  summary: 'show one, or the one you are logged in with',
  example: 'twelve authorizations:info',
  flags: jsonFlag,
  async run(call) {
    const found = await call.api().get<Authorization>(pathOf(call.words[0] ?? '~'));
    if (call.on('json')) call.out.json(found);
    else call.out.table(rows(found));
  },
};

const rotate: Command = {
  name: 'authorizations:rotate',
  usage: 'authorizations:rotate <id>',
  summary: 'replace the token of one by a new one, which is shown this once',
  example: 'twelve authorizations:rotate 0b8f4f4e-6c2a-4a1b-9d3e-2f1c5a7b8d90',
  flags: { ...shortFlag, ...jsonFlag },
  async run(call) {
    const made = await call.out.during('Rotating the token', () =>
      call.api().send<Authorization>('POST', `${pathOf(call.words[0]!)}/actions/regenerate-tokens`),
    );
    showOnce(call, made);
  },
};

const revoke: Command = {
  name: 'authorizations:revoke',
  aliases: ['authorizations:destroy'],
  usage: 'authorizations:revoke <id>',
  summary: 'revoke one: its token is no good from now on',
  example: 'twelve authorizations:revoke 0b8f4f4e-6c2a-4a1b-9d3e-2f1c5a7b8d90',
  flags: {},
  async run(call) {
    await call.out.during(
      'Revoking the authorization',
      () => call.api().send<Authorization>('DELETE', pathOf(call.words[0]!)),
      ({ description }) => description,
    );
  },
};

/** `--scope` and `--expires-in` */
export function tokenOrder(call: Call): { scope?: string[]; expires_in?: number } {
  const expires = call.text('expires-in');
  return {
    ...defined('scope', call.text('scope')?.split(',')),
    ...defined('expires_in', expires === undefined ? undefined : secondsOf(expires)),
  };
}

/** Its token goes to standard output, for a program to take; that it is not shown again to whoever looks. */
export function showOnce(call: Call, made: Authorization): void {
  if (call.on('json')) call.out.json(made);
  else if (call.on('short')) call.out.line(made.access_token.token ?? '');
  else {
    call.out.table([...rows(made), ['Token:', made.access_token.token ?? '']]);
    call.out.notice('The token is not shown again.');
  }
}

function rows(one: Authorization): string[][] {
  return [
    ['Description:', one.description],
    ['ID:', one.id],
    ['User:', one.user.email],
    ['Scope:', one.scope.join(', ')],
    ['Expires:', timeOr(one.expires_at, 'never')],
    ['Last used:', timeOr(one.last_used_at, 'never')],
  ];
}

function timeOr(time: string | null | undefined, none: string): string {
  return time ? localTime(time) : none;
}

function defined<T>(name: string, value: T | undefined): Record<string, T> {
  return value === undefined ? {} : { [name]: value };
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

function secondsOf(text: string): number {
  const [, count, unit = 's'] = /^(\d{1,9})([smhdw])?$/.exec(text) ?? [];
  if (count === undefined)
    throw usageError(
      `--expires-in is "${text}"; it must be how long: seconds (3600), or with a unit (12h, 90d, 4w).`,
    );
  return Number(count) * units[unit]!;
}

export const commands: readonly Command[] = [list, create, info, rotate, revoke];
