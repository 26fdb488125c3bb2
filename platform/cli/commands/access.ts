// access: who works on an app.
import { appFlags, appPath, type Command, jsonFlag } from '../command.ts';
import type { Collaborator } from '../v3.ts';

const pathOf = (app: string): string => `${appPath(app)}/collaborators`;

const list: Command = {
  name: 'access',
  usage: 'access',
  summary: 'list who has access to an app',
  example: 'twelve access -a hello',
  flags: { ...appFlags, ...jsonFlag },
  async run(call) {
    const found = await call.api().list<Collaborator>(pathOf(await call.app()));
    if (call.on('json')) call.out.json(found);
    else call.out.table(found.map((one) => [one.user.email, one.role]));
  },
};

const add: Command = {
  name: 'access:add',
  usage: 'access:add <email>',
  summary: 'let a user work on an app',
  example: 'twelve access:add bob@example.com -a hello',
  flags: appFlags,
  async run(call) {
    const user = call.words[0]!;
    const app = await call.app();
    await call.out.during(`Adding ${user} to ${app} as collaborator`, () =>
      call.api().send<Collaborator>('POST', pathOf(app), { user }),
    );
  },
};

const remove: Command = {
  name: 'access:remove',
  usage: 'access:remove <email>',
  summary: 'let a user work on an app no longer',
  example: 'twelve access:remove bob@example.com -a hello',
  flags: appFlags,
  async run(call) {
    const user = call.words[0]!;
    const app = await call.app();
    await call.out.during(`Removing ${user} from ${app}`, () =>
      call.api().send<Collaborator>('DELETE', `${pathOf(app)}/${encodeURIComponent(user)}`),
    );
  },
};

export const commands: readonly Command[] = [list, add, remove];
