// users: who may use this server, for administrators.
import { type Command, jsonFlag } from '../command.ts';
import type { Authorization, User } from '../v3.ts';
import { expiresFlag, shortFlag, showOnce, tokenOrder } from './authorizations.ts';

const pathOf = (user: string): string => `/users/${encodeURIComponent(user)}`;

const list: Command = {
  name: 'users',
  usage: 'users',
  summary: 'list the users, who of them are administrators, and how many apps each owns',
  example: 'twelve users',
  flags: jsonFlag,
  async run(call) {
    const users = await call.api().list<User>('/users');
    if (call.on('json')) return call.out.json(users);
    call.out.table([
      ['email', 'role', 'apps'],
      ...users.map((one) => [one.email, one.admin ? 'administrator' : 'user', String(one.apps)]),
    ]);
  },
};

const add: Command = {
  name: 'users:add',
  usage: 'users:add <email>',
  summary: 'add a user, with a token that is shown this once',
  example: 'twelve users:add bob@example.com',
  flags: {
    admin: { type: 'boolean', help: 'as an administrator, who sees all apps and manages users' },
    scope: { type: 'string', short: 's', help: 'what the token may (default: all that the user may)' },
    ...expiresFlag,
    ...shortFlag,
    ...jsonFlag,
  },
  async run(call) {
    const email = call.words[0]!;
    const api = call.api();
    const added = await call.out.during(
      `Adding ${email}`,
      () =>
        api.send<User & { authorization: Authorization }>('POST', '/users', {
          email,
          admin: call.on('admin'),
          ...tokenOrder(call),
        }),
      (user) => (user.admin ? 'an administrator' : 'a user'),
    );
    if (call.on('json')) return call.out.json(added);
    showOnce(call, added.authorization);
    call.out.notice(`Hand it to ${added.email}, who logs in with it: twelve login ${api.url}`);
  },
};

const remove: Command = {
  name: 'users:remove',
  usage: 'users:remove <email>',
  summary: 'remove a user with all their tokens',
  example: 'twelve users:remove bob@example.com --transfer-to ada@example.com',
  flags: { 'transfer-to': { type: 'string', help: 'who gets the apps that the user owns' } },
  async run(call) {
    const email = call.words[0]!;
    const to = call.text('transfer-to');
    await call.out.during(
      `Removing ${email}`,
      () => call.api().send<User>('DELETE', pathOf(email), to ? { transfer_to: to } : {}),
      ({ apps }) => (to ? `${apps} ${apps === 1 ? 'app is' : 'apps are'} of ${to} now` : ''),
    );
  },
};

const roles = [
  ['users:promote', true, 'make a user an administrator', 'an administrator'],
  ['users:demote', false, 'make an administrator an ordinary user', 'an ordinary user'],
] as const;

const changes = roles.map(
  ([name, admin, summary, what]): Command => ({
    name,
    usage: `${name} <email>`,
    summary,
    example: `twelve ${name} bob@example.com`,
    flags: {},
    async run(call) {
      const email = call.words[0]!;
      await call.out.during(`Making ${email} ${what}`, () =>
        call.api().send<User>('PATCH', pathOf(email), { admin }),
      );
    },
  }),
);

export const commands: readonly Command[] = [list, add, remove, ...changes];
