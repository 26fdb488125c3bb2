// Words that name nothing: dots, which an address has for other places, and the empty word of a variable that is not set.
import { type Row, twelve, withAnswer } from './row.ts';

const onVars = (...argv: string[]) => twelve([...argv, '-a', 'vars']);
const misused = { ends: 'exit 2' } as const;
const noName = { ...misused, says: /"(\.|%2e){1,2}" is no name: in an address it means another place/i };
const asIs = { ...misused, says: /cannot be asked as it is: .* percent-encoded/ };
const empty = (what: string) => ({ ...misused, says: new RegExp(`${what} is empty\\. Is a variable`) });

/** Each of them destroyed its app once. */
export const dots: Row[] = [
  { what: 'removing the domain ..', act: onVars('domains:remove', '..'), ...noName },
  { what: 'removing the drain ..', act: onVars('drains:remove', '..'), ...noName },
  { what: 'removing the access of ..', act: onVars('access:remove', '..'), ...noName },
  { what: 'removing the certificate ..', act: onVars('certs:remove', '..'), ...noName },
  {
    what: 'a request to a path that ends in dots',
    act: twelve(['api', 'DELETE', '/apps/vars/domains/..']),
    ...noName,
  },
];

export const moreDots: Row[] = [
  { what: 'showing the certificate .', act: onVars('certs:info', '.'), ...noName },
  { what: 'showing the build ..', act: onVars('builds:info', '..'), ...noName },
  { what: 'cancelling the build .', act: onVars('builds:cancel', '.'), ...noName },
  { what: 'running the cron entry ..', act: onVars('cron:run', '..'), ...noName },
  { what: 'suspending the cron entry .', act: onVars('cron:suspend', '.'), ...noName },
  { what: 'removing the user ..', act: twelve(['users:remove', '..']), ...noName },
  { what: 'promoting the user .', act: twelve(['users:promote', '.']), ...noName },
  { what: 'revoking the authorization ..', act: twelve(['authorizations:revoke', '..']), ...noName },
  { what: 'rotating the authorization .', act: twelve(['authorizations:rotate', '.']), ...noName },
  {
    what: "removing the server's certificate by an app called ..",
    act: withAnswer('/sni-endpoints', ({ name }) => twelve(['certs:remove', String(name), '-a', '..'])),
    ...noName,
  },
  { what: 'maintenance of an app called .', act: twelve(['maintenance:on', '-a', '.']), ...noName },
  { what: 'config of an app called ..', act: twelve(['config:set', 'A=1', '-a', '..']), ...noName },
  { what: 'destroying an app called ..', act: twelve(['apps:destroy', '..', '--confirm', '..']), ...noName },
  {
    what: 'TWELVE_APP that is ..',
    act: twelve(['maintenance:on'], { env: { TWELVE_APP: '..' } }),
    ...noName,
  },
  {
    what: 'a request to encoded dots',
    act: twelve(['api', 'DELETE', '/apps/vars/domains/%2e%2E']),
    ...noName,
  },
  {
    what: 'a request to a path with a backslash',
    act: twelve(['api', 'DELETE', '/apps/vars/domains\\..']),
    ...asIs,
  },
  {
    what: 'a request to a path with a tab between dots',
    act: twelve(['api', 'DELETE', '/apps/vars/domains/.\t.']),
    ...asIs,
  },
  { what: 'a request to a fragment', act: twelve(['api', 'DELETE', '/apps/vars#/domains/x']), ...asIs },
];

export const nothing: Row[] = [
  { what: 'an app without a name', act: twelve(['apps:create', '', '-n']), ...empty('apps:create') },
  {
    what: 'destroying nothing',
    act: twelve(['apps:destroy', '', '--confirm', 'vars']),
    ...empty('apps:destroy'),
  },
  { what: 'restarting nothing', act: twelve(['ps:restart', '', '-a', 'hello']), ...empty('ps:restart') },
  { what: 'going back to nothing', act: twelve(['rollback', '', '-a', 'hello']), ...empty('rollback') },
  { what: 'cancelling no build', act: onVars('builds:cancel', ''), ...empty('builds:cancel') },
  { what: 'suspending no cron entry', act: onVars('cron:suspend', ''), ...empty('cron:suspend') },
  { what: 'removing no domain', act: onVars('domains:remove', ''), ...empty('domains:remove') },
  { what: 'showing no certificate', act: onVars('certs:info', ''), ...empty('certs:info') },
  { what: 'an option without an app', act: twelve(['maintenance:on', '-a', '']), ...empty('--app') },
  {
    what: 'an option without a remote',
    act: twelve(['maintenance:on', '--remote='], { env: { TWELVE_APP: 'vars' } }),
    ...empty('--remote'),
  },
];
