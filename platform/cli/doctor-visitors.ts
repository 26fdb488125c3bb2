// Whether visitors reach the server: where its names lead, and its ports. Pure, from facts to findings.
import { BlockList, isIP } from 'node:net';
import { addressText } from '../domain/listen-address.ts';
import { isLoopback } from './context.ts';
import type { Facts } from './doctor-facts.ts';
import { type Finding, failed, ok, skipped, warning } from './doctor-finding.ts';
import { type Answer, answers, doorsOf, type Try, type Way } from './doctor-ways.ts';

type Known = Facts & { status: NonNullable<Facts['status']> };

export function names(facts: Known): Finding[] {
  return facts.ways.flatMap((way) => leads(way, facts));
}

function leads(way: Way, facts: Known): Finding[] {
  const { name, addresses } = way;
  const { status, tunnel, here } = facts;
  if (addresses.length === 0) return [nowhere(name, 'nowhere from here', status)];
  const ours = addresses.filter((address) => answerAt(way, [address]) === 'this server');
  if (ours.length > 0)
    return [
      ok('names', `${name} leads to ${ours.join(', ')}, where this server answers`),
      ...elsewhereToo(way),
    ];
  const recognised = status.router_mark !== undefined;
  if (addresses.every(isLoopback) && (recognised ? !here : tunnel))
    return [nowhere(name, 'to this machine, and not to the server', status)];
  if (isOfTheApi(way, facts))
    return [ok('names', `${name} leads to ${addresses.join(', ')}, where this server's API answers`)];
  if (recognised) return [unproved(way, facts)];
  const why = 'the server is of a version that does not tell itself from others';
  return [
    skipped('names', `${name} leads to ${addresses.join(', ')}; whether to the server is not seen: ${why}`),
  ];
}

/** By it we were answered: a proxy may pass the domain's requests on to the API, and to the router only those of the names below it. */
function isOfTheApi(way: Way, { url }: Known): boolean {
  return new URL(url).hostname === way.name && answerAt(way, way.addresses) !== 'another server';
}

function nowhere(name: string, where: string, { domain, https }: Known['status']): Finding {
  const said = `${name} leads ${where}`;
  if (name === domain && !https)
    return ok('names', `${said}, which only TLS and an API of that name would need`);
  return warning(
    'names',
    said,
    `Make a DNS record ${name} with the address of the server, or set TWELVE_DOMAIN to a domain that has one.`,
  );
}

/** What proves most of all that was found there. */
function answerAt({ tries }: Way, addresses: readonly string[]): Answer {
  const found = tries.filter(({ address }) => addresses.includes(address)).map(({ answer }) => answer);
  return answers.find((one) => found.includes(one)) ?? 'no way';
}

const is: Readonly<Record<Answer, string>> = {
  'this server': 'this server answers',
  'another server': 'another Twelve server answers',
  somebody: 'somebody else answers',
  refused: 'nobody answers',
  silent: 'nobody answers',
  'no way': 'nothing can be asked',
};

/** Certain is only what somebody there, or the server's own addresses, told. */
function unproved(way: Way, { status, here }: Known): Finding {
  const { name, addresses } = way;
  const list = addresses.join(', ');
  const answer = answerAt(way, addresses);
  const own = status.addresses ?? [];
  if (answer === 'another server')
    return warning('names', `${name} leads to ${list}, where ${is[answer]}`, leadTo(name, own));
  const theServers = addresses.filter((one) => own.includes(one) || (here && isLoopback(one)));
  const there = answerAt(way, theServers);
  if (theServers.length > 0 && there !== 'no way')
    return warning(
      'names',
      `${name} leads to ${theServers.join(', ')}, which is the server's, and ${is[there]} there from here`,
      `Open ports ${doorsSaid(status)} in the firewall, and look at TWELVE_HTTP and at what else listens there.`,
    );
  if (theServers.length === 0 && isNoneOf(addresses, own))
    return warning(
      'names',
      `${name} leads to ${list}, where ${answer === 'no way' ? `${is[answer]} from here` : 'this server does not answer'}, and to none of its addresses (${own.filter(isPublic).join(', ')})`,
      `${leadTo(name, own)} Where what it leads to passes visitors on to the server, see that it does so for ports ${doorsSaid(status)}.`,
    );
  return skipped(
    'names',
    `${name} leads to ${list}, where ${is[answer]} from here; whether visitors get to the server is not seen`,
    here
      ? 'Run twelve doctor on another machine, too: from inside, a server is often not reached by the address that others reach it by.'
      : `If a router or a load balancer is there, see that it passes ports ${doorsSaid(status)} on to the server; otherwise correct the DNS record.`,
  );
}

function leadTo(name: string, own: readonly string[]): string {
  const known = own.filter(isPublic);
  return `Make the DNS record of ${name} lead to the server${known.length > 0 ? ` (${known.join(', ')})` : ''}.`;
}

function doorsSaid(status: Known['status']): string {
  return doorsOf(status)
    .map(({ port }) => port)
    .join(' and ');
}

/** Of an address of the other kind there is no telling: behind a router that has it, IPv6 may be the server's own all the same. */
function isNoneOf(addresses: readonly string[], own: readonly string[]): boolean {
  return [4, 6].some(
    (kind) =>
      addresses.some((one) => isIP(one) === kind) && own.some((one) => isIP(one) === kind && isPublic(one)),
  );
}

/** Visitors are sent to any of them; each is sent to himself by a loopback address, which is on purpose. */
function elsewhereToo(way: Way): Finding[] {
  const { name, addresses } = way;
  const there = (...wanted: Answer[]): string[] =>
    addresses.filter((address) => !isLoopback(address) && wanted.includes(answerAt(way, [address])));
  const advice =
    'Some visitors are sent there: remove that DNS record, or have the server answer there. [::]:80 as TWELVE_HTTP, [::]:443 as TWELVE_HTTPS serve IPv4 and IPv6.';
  const said = (found: string[]): string => `${name} leads to ${found.join(', ')} too`;
  const others = there('another server', 'somebody', 'refused');
  const unseen = there('silent', 'no way');
  const sure =
    others.length > 0 ? [warning('names', `${said(others)}, where this server does not answer`, advice)] : [];
  const unsure =
    unseen.length > 0 ? [skipped('names', `${said(unseen)}, where nobody answers from here`, advice)] : [];
  return [...sure, ...unsure];
}

/** Nobody reaches them from elsewhere: of private networks, of providers' own, of this machine and wire. */
const inner = new BlockList();
for (const [network, length] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
] as const)
  inner.addSubnet(network, length);

function isPublic(address: string): boolean {
  if (isIP(address) === 4) return !inner.check(address);
  // Only these are given to anybody.
  return /^[23][0-9a-f]{3}:/i.test(address);
}

export function ports(facts: Known): Finding[] {
  const { ports: all, status, here, ways } = facts;
  if (all === null) return throughTunnel(facts);
  const found = all.map((one) => portFinding(one, facts));
  const atHome = ways.every(({ addresses }) => addresses.every(isLoopback));
  if (!here || atHome || isLoopback(status.http.host)) return found;
  return [
    ...found,
    skipped(
      'port',
      'whether other machines are let through to it is not seen from the server itself',
      'Run twelve doctor on another machine, too: a firewall may be in between.',
    ),
  ];
}

function throughTunnel({ status }: Known): Finding[] {
  const places = doorsOf(status).map(addressText).join(' and ');
  return [
    skipped(
      'port',
      `not tried, since the server is seen through a tunnel and no name leads to it from here; by its own account visitors come in at ${places}`,
    ),
  ];
}

/** A name by which visitors get in proves more than the address that the API has. */
function portFinding(one: NonNullable<Facts['ports']>[number], facts: Known): Finding {
  const { ways, tunnel, here, status } = facts;
  const { host, port, open } = one;
  const proved = ways.flatMap(({ tries }) => tries).filter(({ answer }) => answer === 'this server');
  const by = proved.find((found) => found.port === port);
  if (by) return ok('port', `${place(by)}, where visitors come in, answers as this server`);
  const said = `${place({ address: host, port })}, where visitors come in,`;
  if (open) return ok('port', `${said} is open${here ? ' on this machine itself' : ''}`);
  // By a port that the server does not have: something before it takes visitors in.
  const other = proved.find((found) => doorsOf(status).every((door) => door.port !== found.port));
  if (other)
    return skipped('port', `${said} cannot be reached from here; ${place(other)} leads to the server`);
  // Whoever needs a tunnel to the server may be kept from its other ports, too.
  return (tunnel ? warning : failed)(
    'port',
    `${said} cannot be reached from here`,
    `Open port ${port} in the firewall, and look at TWELVE_HTTP: visitors of other machines are not served on 127.0.0.1.`,
  );
}

function place({ address, port }: Pick<Try, 'address' | 'port'>): string {
  return addressText({ host: address, port });
}
