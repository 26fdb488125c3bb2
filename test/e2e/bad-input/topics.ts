// What is wrong in the settings of an app and of the server: names, drains, certificates, people, buildpacks, tokens.
import { type Row, twelve, withAnswer } from './row.ts';

const onVars = (...argv: string[]) => twelve([...argv, '-a', 'vars']);
const refused = { ends: 'exit 1' } as const;
const misused = { ends: 'exit 2' } as const;
/** A text file, and no key or certificate. */
const page = import.meta.filename;

const names: Row[] = [
  {
    what: 'a domain that is an address',
    act: onVars('domains:add', 'https://www.example.com/'),
    ...refused,
    says: /is not a domain: give the name alone/,
  },
  { what: 'a domain of dots', act: onVars('domains:add', '..'), ...refused, says: /is not a domain: / },
  {
    what: 'a domain that is there',
    act: onVars('domains:add', 'kept.example.com'),
    ...refused,
    says: /kept\.example\.com is a domain of vars already/,
  },
  {
    what: 'a domain that another app has',
    act: twelve(['domains:add', 'KEPT.example.com', '-a', 'hello']),
    ...refused,
    says: /is a domain of vars\. Remove it there first/,
  },
  {
    what: "a domain that is the platform's",
    act: onVars('domains:add', 'other.localhost'),
    ...refused,
    says: /is under localhost, the platform's own domain/,
  },
  {
    what: 'removing a domain that is not there',
    act: onVars('domains:remove', 'absent.example.com'),
    ...refused,
    says: /vars has no domain "absent\.example\.com"/,
  },
  {
    what: 'removing all domains without a word of consent',
    act: onVars('domains:clear'),
    ...refused,
    says: /Say that you mean it: twelve domains:clear -a vars --confirm vars/,
  },
  {
    what: 'a redirect that is neither on nor off',
    act: onVars('https:redirect', 'maybe'),
    ...misused,
    says: /"maybe" is neither on nor off/,
  },
  {
    what: 'a redirect to HTTPS that there is not',
    act: onVars('https:redirect', 'on'),
    ...refused,
    says: /does not listen for HTTPS, so nobody can be sent there/,
  },
];

const drains: Row[] = [
  {
    what: 'a drain over plain HTTP',
    act: onVars('drains:add', 'http://logs.example.com'),
    ...refused,
    says: /Nothing is sent over http:\/\/\. .*try https:/,
  },
  {
    what: 'a drain that is no address',
    act: onVars('drains:add', 'nowhere'),
    ...refused,
    says: /It has no scheme\. A drain's URL begins with/,
  },
  {
    what: 'a drain that cannot be insecure',
    act: onVars('drains:add', 'syslog://logs.example.com', '--insecure'),
    ...refused,
    says: /has no certificate to be insecure about/,
  },
  {
    what: 'a drain that is there',
    act: withAnswer('/apps/vars/log-drains', ({ url }) => onVars('drains:add', String(url))),
    ...refused,
    says: /vars has this drain already/,
  },
  {
    what: 'removing a drain that is not there',
    act: onVars('drains:remove', 'd.absent'),
    ...refused,
    says: /vars has no such log drain/,
  },
];

const certificates: Row[] = [
  {
    what: 'a certificate that is no file',
    act: onVars('certs:add', '/nowhere.crt', '/nowhere.key'),
    ...refused,
    says: /\/nowhere\.crt cannot be read \(ENOENT\)/,
  },
  {
    what: 'a certificate that is none',
    act: onVars('certs:add', page, page),
    ...refused,
    says: /The certificate is not in PEM form/,
  },
  {
    what: 'removing a certificate that is not there',
    act: onVars('certs:remove', 'cert-absent'),
    ...refused,
    says: /vars has no certificate "cert-absent"/,
  },
  {
    what: "removing the server's certificate as an app's",
    act: withAnswer('/sni-endpoints', ({ name }) => onVars('certs:remove', String(name))),
    ...refused,
    says: /vars has no certificate "cert-/,
  },
];

const settings: Row[] = [
  {
    what: 'a setting of processes that there is not',
    act: onVars('ps:set', 'paralel=3'),
    ...refused,
    says: /no setting "paralel"\. Settings: /,
  },
  {
    what: 'a setting that cannot be',
    act: onVars('ps:set', 'parallel=many'),
    ...refused,
    says: /parallel does not take "many"/,
  },
  {
    what: 'one bad setting behind a good one',
    act: onVars('ps:set', 'parallel=3', 'checks=perhaps'),
    ...refused,
    says: /checks does not take "perhaps"/,
  },
  { what: 'a setting without a value', act: onVars('ps:set', 'parallel'), ...misused, says: /not KEY=value/ },
  {
    what: 'a buildpack that there is not',
    act: onVars('buildpacks:set', 'cobol'),
    ...refused,
    says: /no buildpack called "cobol"/,
  },
  {
    what: 'a buildpack twice',
    act: onVars('buildpacks:add', 'static'),
    ...refused,
    says: /static is already set on vars/,
  },
  {
    what: 'a place in the list that is none',
    act: onVars('buildpacks:add', 'go', '-i', '0'),
    ...misused,
    says: /Invalid index/,
  },
  {
    what: 'removing a buildpack that is not in the list',
    act: onVars('buildpacks:remove', 'go'),
    ...refused,
    says: /Buildpack not found\. Nothing was removed/,
  },
  {
    what: 'removing a buildpack without saying which',
    act: onVars('buildpacks:remove'),
    ...misused,
    says: /Name the buildpack, or give its --index/,
  },
  {
    what: 'suspending a cron entry that is not there',
    act: onVars('cron:suspend', 'absent'),
    ...refused,
    says: /vars has no cron entry "absent"/,
  },
  {
    what: 'running a cron entry that is not there',
    act: onVars('cron:run', 'absent'),
    ...refused,
    says: /vars has no cron entry "absent"/,
  },
];

const people: Row[] = [
  {
    what: 'a user without an address',
    act: twelve(['users:add', 'bob']),
    ...refused,
    says: /"bob" is not an e-mail address/,
  },
  {
    what: 'a user who is there',
    act: twelve(['users:add', 'Bob@example.com']),
    ...refused,
    says: /bob@example\.com is a user here already/,
  },
  {
    what: 'a user with a scope that there is not',
    act: twelve(['users:add', 'eve@example.com', '-s', 'everything']),
    ...refused,
    says: /There is no scope "everything"/,
  },
  {
    what: 'removing a user who is not there',
    act: twelve(['users:remove', 'absent@example.com']),
    ...refused,
    says: /There is no user "absent@example\.com" here/,
  },
  {
    what: 'removing the only administrator',
    act: twelve(['users:remove', '~']),
    ...refused,
    says: /is the only administrator and cannot be removed/,
  },
  {
    what: 'demoting the only administrator',
    act: twelve(['users:demote', '~']),
    ...refused,
    says: /is the only administrator and cannot be/,
  },
  {
    what: 'letting in a user who is not there',
    act: onVars('access:add', 'absent@example.com'),
    ...refused,
    says: /There is no user "absent@example\.com" here/,
  },
  {
    what: 'showing out whoever was not let in',
    act: twelve(['access:remove', 'bob@example.com', '-a', 'hello']),
    ...refused,
    says: /"bob@example\.com" has no access to hello/,
  },
  {
    what: 'showing out the owner',
    act: withAnswer('/account', ({ email }) => onVars('access:remove', String(email))),
    ...refused,
    says: /owns vars, which cannot be taken away from its owner/,
  },
  {
    what: 'a token with a scope that there is not',
    act: twelve(['authorizations:create', '-s', 'everything']),
    ...refused,
    says: /There is no scope "everything"/,
  },
  {
    what: 'a token that is good for a while',
    act: twelve(['authorizations:create', '-e', 'a while']),
    ...misused,
    says: /--expires-in is "a while"; it must be how long/,
  },
  {
    what: 'revoking a token that is not there',
    act: twelve(['authorizations:revoke', 'absent']),
    ...refused,
    says: /There is no authorization "absent" of yours/,
  },
];

export const topics: Row[] = [...names, ...drains, ...certificates, ...settings, ...people];
