// apps:errors: what went wrong with an app, by Heroku's codes.
import { appFlags, appPath, type Command, jsonFlag } from '../command.ts';
import { timeAndAge } from '../terminal-text.ts';
import type { CodeCount } from '../v3.ts';

const errors: Command = {
  name: 'apps:errors',
  usage: 'apps:errors',
  summary: 'count what went wrong with requests and processes, as the log tells, by code',
  example: 'twelve apps:errors -a hello',
  flags: { ...appFlags, ...jsonFlag },
  async run(call) {
    const app = await call.app();
    const found = await call.api().list<CodeCount>(`${appPath(app)}/errors`);
    if (call.on('json')) return call.out.json(found);
    if (found.length === 0) return call.out.line(`The log of ${app} tells of no errors.`);
    const newest = [...found].sort((one, other) => other.last_at.localeCompare(one.last_at));
    call.out.table([
      ['Code', 'Name', 'Count', 'Last', 'Process'],
      ...newest.map((one) => [
        one.code,
        one.name,
        String(one.count),
        timeAndAge(one.last_at, Date.now()),
        one.last_dyno ?? '',
      ]),
    ]);
  },
};

export const commands: readonly Command[] = [errors];
