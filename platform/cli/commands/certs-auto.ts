// certs:auto: certificates that the server orders by itself, how each name stands, and trying again what failed.
import { appFlags, type Command, type Flag, jsonFlag } from '../command.ts';
import { localTime } from '../terminal-text.ts';
import type { AcmHost } from '../v3.ts';
import { ownerOf } from './certs.ts';
import { acmWords } from './domains.ts';

const serverFlag: Readonly<Record<string, Flag>> = {
  server: { type: 'boolean', help: "the server's own names instead of an app's" },
};

const list: Command = {
  name: 'certs:auto',
  usage: 'certs:auto',
  summary: 'show how each name stands whose certificate the server orders by itself',
  example: 'twelve certs:auto -a hello',
  flags: { ...appFlags, ...serverFlag, ...jsonFlag },
  async run(call) {
    const { path, name } = await ownerOf(call);
    const hosts = await call.api().list<AcmHost>(`${path}/acm`);
    if (call.on('json')) return call.out.json(hosts);
    call.out.heading(`Automatic Certificate Management is enabled on ${name}`);
    call.out.table([
      ['Domain', 'Status', 'Expires', 'Next Attempt', 'Reason'],
      ...hosts.map((one) => [
        one.hostname,
        one.acm_status === null ? 'Added' : (acmWords[one.acm_status] ?? one.acm_status),
        one.expires_at?.slice(0, 10) ?? '-',
        nextAttempt(one),
        one.acm_status_reason ?? '',
      ]),
    ]);
    if (hosts.some(({ acm_status: status, next_attempt_at: next }) => status === 'failing' && next !== null))
      call.out.notice(
        `Once what they fail at is mended, have them tried again now: twelve certs:auto:refresh ${call.on('server') ? '--server' : `-a ${name}`}`,
      );
  },
};

const refresh: Command = {
  name: 'certs:auto:refresh',
  usage: 'certs:auto:refresh',
  summary: 'have certificates that could not be had tried again now, without waiting',
  example: 'twelve certs:auto:refresh -a hello',
  flags: { ...appFlags, ...serverFlag, ...jsonFlag },
  async run(call) {
    const { path, name } = await ownerOf(call);
    const hosts = await call.out.during(
      `Refreshing Automatic Certificate Management of ${name}`,
      () => call.api().send<AcmHost[]>('PATCH', `${path}/acm`, { acm_refresh: true }),
      (all) => triedOf(all.filter(({ refreshed }) => refreshed).length),
    );
    if (call.on('json')) return call.out.json(hosts);
    for (const { hostname, refreshed, refresh_at: at } of hosts)
      if (!refreshed && at)
        call.out.warn(
          `${hostname} is not tried now, since each attempt counts against the limits of the authority. It can be at ${localTime(at)}.`,
        );
  },
};

function nextAttempt({ acm_status: status, next_attempt_at: at }: AcmHost): string {
  if (at) return localTime(at);
  return status === 'failed' || status === null ? '-' : 'now';
}

function triedOf(count: number): string {
  if (count === 0) return 'nothing has to be tried again';
  return count === 1 ? '1 name is tried now' : `${count} names are tried now`;
}

export const commands: readonly Command[] = [list, refresh];
