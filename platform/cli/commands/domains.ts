// domains: the names by which visitors reach an app.
import { appFlags, appPath, type Command, jsonFlag } from '../command.ts';
import { CliError } from '../errors.ts';
import type { Domain } from '../v3.ts';

const pathOf = (app: string): string => `${appPath(app)}/domains`;

const list: Command = {
  name: 'domains',
  usage: 'domains',
  summary: 'list the names by which visitors reach an app',
  example: 'twelve domains -a hello',
  flags: { ...appFlags, ...jsonFlag },
  async run(call) {
    const app = await call.app();
    const domains = await call.api().list<Domain>(pathOf(app));
    if (call.on('json')) return call.out.json(domains);
    const own = domains.filter((one) => one.kind !== 'custom');
    const custom = domains.filter((one) => one.kind === 'custom');
    call.out.heading(`${app} Domain`);
    for (const one of own) call.out.line([one.hostname, ...certificate(one)].join('  '));
    if (custom.length === 0) return;
    call.out.line();
    call.out.heading(`${app} Custom Domains`);
    const ordered = custom.some((one) => one.acm_status !== null);
    call.out.table([
      ['Domain Name', 'DNS Record Type', 'DNS Target', ...(ordered ? ['Certificate'] : [])],
      ...custom.map((one) => [one.hostname, recordType(one.hostname), one.cname ?? '', ...certificate(one)]),
    ]);
  },
};

/** How the certificate stands that the server orders for it; nothing where it orders none. */
function certificate({ acm_status: status, acm_status_reason: reason }: Domain): string[] {
  if (status === null) return [];
  const word = acmWords[status] ?? status;
  return [reason ? `${word}: ${reason}` : word];
}

/** As Heroku's command line says them. */
export const acmWords: Readonly<Record<string, string>> = {
  'cert issued': 'OK',
  pending: 'Waiting',
  failing: 'Failing',
  failed: 'Failed',
};

/**
 * A name without anything before it cannot be an alias in the DNS (RFC 1912, section 2.4). Names are given out below some
 * countries' `co`, `com`, `org` and the like, too: of these both kinds are told.
 */
export function recordType(hostname: string): string {
  if (hostname.startsWith('*.')) return 'CNAME';
  const parts = hostname.split('.');
  if (parts.length === 2) return 'ALIAS or A';
  const [, second = '', country = ''] = parts;
  const maybeTop = parts.length === 3 && country.length === 2 && second.length <= 3;
  return maybeTop ? 'CNAME (ALIAS or A at the top of a domain)' : 'CNAME';
}

const add: Command = {
  name: 'domains:add',
  usage: 'domains:add <hostname>',
  summary: 'let a name lead to an app; *.example.com stands for every name with one more part',
  example: 'twelve domains:add www.example.com -a hello',
  flags: { ...appFlags, ...jsonFlag },
  async run(call) {
    const [hostname] = call.words;
    const app = await call.app();
    const added = await call.out.during(`Adding ${hostname} to ${app}`, () =>
      call.api().send<Domain>('POST', pathOf(app), { hostname }),
    );
    if (call.on('json')) return call.out.json(added);
    call.out.notice(`Point its DNS record (${recordType(added.hostname)}) at this server: ${added.cname}`);
  },
};

const remove: Command = {
  name: 'domains:remove',
  usage: 'domains:remove <hostname>',
  summary: 'let a name lead to an app no longer',
  example: 'twelve domains:remove www.example.com -a hello',
  flags: appFlags,
  async run(call) {
    const hostname = call.words[0]!;
    const app = await call.app();
    await call.out.during(`Removing ${hostname} from ${app}`, () =>
      call.api().send('DELETE', `${pathOf(app)}/${encodeURIComponent(hostname)}`),
    );
  },
};

const clear: Command = {
  name: 'domains:clear',
  usage: 'domains:clear',
  summary: 'remove all names of an app but its own',
  example: 'twelve domains:clear -a hello --confirm hello',
  flags: { ...appFlags, confirm: { type: 'string', help: "the app's name, to say that you mean it" } },
  async run(call) {
    const app = await call.app();
    if (call.text('confirm') !== app)
      throw new CliError(
        `This takes all its domains from ${app}. Say that you mean it: twelve domains:clear -a ${app} --confirm ${app}`,
      );
    await call.out.during(
      `Removing all domains from ${app}`,
      async () => {
        const custom = (await call.api().list<Domain>(pathOf(app))).filter((one) => one.kind === 'custom');
        for (const one of custom)
          await call.api().send('DELETE', `${pathOf(app)}/${encodeURIComponent(one.hostname)}`);
        return custom.length;
      },
      (count) => `${count} removed`,
    );
  },
};

export const commands: readonly Command[] = [list, add, remove, clear];
