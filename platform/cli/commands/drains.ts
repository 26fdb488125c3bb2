// drains: where an app's log stream is sent to.
import { appFlags, appPath, type Command, jsonFlag } from '../command.ts';
import type { LogDrain } from '../v3.ts';

const pathOf = (app: string): string => `${appPath(app)}/log-drains`;

const list: Command = {
  name: 'drains',
  usage: 'drains',
  summary: "list where an app's log is sent to, and how far each has it",
  example: 'twelve drains -a hello',
  flags: { ...appFlags, ...jsonFlag },
  async run(call) {
    const app = await call.app();
    const drains = await call.api().list<LogDrain>(pathOf(app));
    if (call.on('json')) return call.out.json(drains);
    if (drains.length === 0) return call.out.notice(`${app} has no log drains.`);
    const count = (lines: number | null): string => (lines === null ? '-' : String(lines));
    call.out.table([
      ['url', 'token', 'lag', 'delivered', 'lost'],
      ...drains.map((one) => [
        one.url,
        one.token,
        ...[one.lag, one.delivered, one.lost].map((lines) => count(lines ?? null)),
      ]),
    ]);
    for (const one of drains) if (one.failure) call.out.warn(`${one.url}: ${one.failure}`);
  },
};

const add: Command = {
  name: 'drains:add',
  usage: 'drains:add <url>',
  summary: 'send what an app and the platform say from now on there, too',
  example: 'twelve drains:add syslog+tls://logs.example.com:6514 -a hello',
  flags: {
    ...appFlags,
    ...jsonFlag,
    insecure: { type: 'boolean', help: 'take any certificate, also one that cannot be verified' },
  },
  async run(call) {
    const app = await call.app();
    const body = { url: call.words[0]!, ...(call.on('insecure') ? { insecure: true } : {}) };
    const added = await call.out.during(
      `Adding a log drain to ${app}`,
      () => call.api().send<LogDrain>('POST', pathOf(app), body),
      (drain) => `${drain.url} (${drain.token})`,
    );
    if (call.on('json')) call.out.json(added);
  },
};

const remove: Command = {
  name: 'drains:remove',
  usage: 'drains:remove <url-or-token>',
  summary: "send an app's log there no longer",
  example: 'twelve drains:remove syslog+tls://logs.example.com:6514 -a hello',
  flags: appFlags,
  async run(call) {
    const app = await call.app();
    await call.out.during(
      `Removing a log drain from ${app}`,
      () => call.api().send<LogDrain>('DELETE', `${pathOf(app)}/${encodeURIComponent(call.words[0]!)}`),
      (drain) => drain.url,
    );
  },
};

export const commands: readonly Command[] = [list, add, remove];
