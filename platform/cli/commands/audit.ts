// audit: who changed what.
import { type Command, jsonFlag } from '../command.ts';
import { usageError } from '../errors.ts';
import { localTime } from '../terminal-text.ts';
import type { AuditEvent } from '../v3.ts';

const usualCount = 50;

const audit: Command = {
  name: 'audit',
  usage: 'audit',
  summary: 'show who changed what, when and from where, newest first',
  example: 'twelve audit --app hello --since 1d',
  flags: {
    // Not as elsewhere: without it all apps are meant.
    app: { type: 'string', short: 'a', help: 'of one app' },
    user: { type: 'string', help: 'by one user' },
    since: { type: 'string', help: 'from when on: 10m, 2d, 04:00 (UTC), 2026-11-23' },
    num: { type: 'string', short: 'n', help: `how many at most (default: ${usualCount})` },
    ...jsonFlag,
  },
  async run(call) {
    const given = call.text('num') ?? String(usualCount);
    if (!/^[1-9]\d{0,6}$/.test(given)) throw usageError(`-n is "${given}"; it must be a whole number.`);
    const query = new URLSearchParams();
    for (const name of ['app', 'user', 'since']) {
      const value = call.text(name);
      if (value !== undefined) query.set(name, value);
    }
    const found = await call.api().list<AuditEvent>(`/audit-events${query.size > 0 ? `?${query}` : ''}`, {
      field: 'number',
      order: 'desc',
      limit: Number(given),
    });
    if (call.on('json')) return call.out.json(found);
    if (found.length === 0) return call.out.notice('Nothing was changed there and then.');
    call.out.table([
      ['time', 'user', 'action', 'app', 'from', 'what'],
      ...found.map((one) => [
        localTime(one.created_at),
        one.user?.email ?? '-',
        one.outcome === 'done' ? one.action : `${one.action} (${one.outcome})`,
        one.app?.name ?? '-',
        one.address ?? '-',
        one.detail ?? '',
      ]),
    ]);
  },
};

export const commands: readonly Command[] = [audit];
