// What the doctor makes of what it found: pure, from facts to findings with what to do.
import { budgetSettings, refusingKinds } from '../domain/budgets.ts';
import { areOld, daysBetween, howToRenew } from '../domain/images-epoch.ts';
import { isLoopback } from './context.ts';
import type { Facts } from './doctor-facts.ts';
import { type Finding, failed, ok, skipped, warning } from './doctor-finding.ts';
import { names, ports } from './doctor-visitors.ts';
import { size } from './terminal-text.ts';

const slowClockMs = 5000;
const wrongClockMs = 60_000;

export function examine(facts: Facts): Finding[] {
  const { status } = facts;
  const first = [client(facts), login(facts), server(facts)];
  if (!status) return first;
  return [
    ...first,
    engine(status),
    ...images(status),
    parts(status),
    disk(status),
    ...engineDisk(status),
    ...usedUp(status),
    memory(status),
    clock(facts),
    ...names({ ...facts, status }),
    ...namesTaken(status),
    certificates(facts),
    ...visitorsCertificate(facts),
    ...orders(status),
    ...ending(status),
    ...ports({ ...facts, status }),
  ];
}

function client({ client: { version, node }, status }: Facts): Finding {
  const said = `twelve ${version}, Node ${node}`;
  if (!status || status.version === version) return ok('client', said);
  return warning(
    'client',
    `${said}; the server is ${status.version}`,
    "Install the server's version here, or upgrade the server.",
  );
}

function login({ login: { path, mode, token }, url }: Facts): Finding {
  if (!token) return failed('login', `no token for ${url}`, `twelve login ${url}`);
  if (mode === null) return ok('login', 'by TWELVE_TOKEN');
  if ((mode & 0o077) === 0) return ok('login', `${path}, readable by you alone`);
  return failed(
    'login',
    `${path} can be read by others`,
    `chmod 600 ${path}, and take a new token if somebody may have read it: twelve server:token`,
  );
}

function server({ url, unreachable, refused, status, tunnel }: Facts): Finding {
  const way = tunnel ? ' (on another machine, seen through a tunnel)' : '';
  if (status)
    return ok('server', `${url}${way}, ${status.version}, up for ${Math.floor(status.uptime / 60)} minutes`);
  if (unreachable === null)
    return failed('server', `${url} was not asked: there is no token`, `twelve login ${url}`);
  if (refused === 'not an administrator')
    return warning(
      'server',
      unreachable,
      'With a token of an administrator the doctor looks at the rest, too.',
    );
  if (refused === 'not known') return failed('server', unreachable, `twelve login ${url}`);
  return failed(
    'server',
    unreachable,
    'Is the URL right (TWELVE_URL, twelve login), does it run, and does a firewall let you through?',
  );
}

type Status = NonNullable<Facts['status']>;

function engine({
  engine: { version, image_store: store, cgroup_version: cgroup, failure },
}: Status): Finding {
  if (failure !== null)
    return failed(
      'engine',
      failure,
      "On the server's machine: is the engine running (systemctl status docker), and is TWELVE_ENGINE its socket?",
    );
  const said = `${version}, ${store} image store, cgroup v${cgroup}`;
  const [major = 0, minor = 0] = String(version).split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 10))
    return failed('engine', said, 'Install Docker Engine 20.10 or newer.');
  if (cgroup === 1)
    return warning(
      'engine',
      said,
      'Memory of processes is limited better with cgroup v2: boot with systemd.unified_cgroup_hierarchy=1.',
    );
  return ok('engine', said);
}

/** What the router and apps run on. */
function images({ images: found, now }: Status): Finding[] {
  if (!found?.packages_as_of) return [];
  const { packages_as_of: asOf, apps_behind: behind } = found;
  const said = `Debian's packages in them are of ${asOf.slice(0, 10)}, ${daysBetween(asOf, now)} days ago`;
  if (areOld(asOf, now)) return [warning('images', said, howToRenew)];
  if (behind.length === 0) return [ok('images', said)];
  const some = behind.length > 5 ? [...behind.slice(0, 5), `${behind.length - 5} more`] : behind;
  return [
    warning(
      'images',
      `${said}; on a stack of before: ${some.join(', ')}`,
      'An app gets the new one with its next deploy: git push, or twelve redeploy -a <app>.',
    ),
  ];
}

function parts({ failing }: Status): Finding {
  if (failing.length === 0) return ok('parts', 'database, engine and router answer');
  return failed(
    'parts',
    `no answer from: ${failing.join(', ')}`,
    "The server's own log says why; it tries again by itself.",
  );
}

function disk({ disk: { total, free, min_free: least, used, engine: other } }: Status): Finding {
  const [kind, bytes] = Object.entries(used ?? {})
    .filter(([one]) => one !== 'images' || other?.shared)
    .sort(([, a], [, b]) => b - a)[0] ?? [null, 0];
  const said = `${size(free)} of ${size(total)} free${kind ? `; of ours ${kind} take most, ${size(bytes)}` : ''}`;
  const advice =
    'Make space: destroy apps that are not needed, purge build caches (twelve builds:cache:purge), lower TWELVE_KEEP_RELEASES, or get a larger disk.';
  return room('disk', { total, free, least }, said, advice);
}

/** Where the engine has its images and what processes write. */
function engineDisk({ disk: { min_free: least, used, engine: found } }: Status): Finding[] {
  if (!found)
    return [skipped('engine disk', "not looked at, since the server does not see the engine's folder")];
  if (found.shared) return [];
  const { folder, total, free } = found;
  const images = used?.['images'];
  const said = `${size(free)} of ${size(total)} free at ${folder}${images === undefined ? '' : `; our images take ${size(images)}`}`;
  const advice =
    'Make space there: docker system df shows what takes how much, TWELVE_IMAGES_BUDGET and TWELVE_KEEP_RELEASES what is kept of ours.';
  return [room('engine disk', { total, free, least }, said, advice)];
}

/** Of kinds that only grow: of others what is too much goes by itself. */
function usedUp({ disk: { used, budgets = {} } }: Status): Finding[] {
  return refusingKinds.flatMap((kind) => {
    const [bytes = 0, budget = Number.POSITIVE_INFINITY] = [used?.[kind], budgets[kind]];
    if (bytes <= budget) return [];
    return [
      failed(
        'budget',
        `${kind} take ${size(bytes)} of ${size(budget)}; what adds to them is refused`,
        `Destroy apps that are not needed, or raise ${budgetSettings[kind]}; twelve server:gc takes away what can be missed.`,
      ),
    ];
  });
}

function room(
  what: string,
  { total, free, least }: { total: number; free: number; least: number },
  said: string,
  advice: string,
): Finding {
  if (free < least) return failed(what, `${said}; pushes are refused below ${size(least)}`, advice);
  return free < total / 10 ? warning(what, said, advice) : ok(what, said);
}

function memory({ memory: { total, free } }: Status): Finding {
  const said = `${size(free)} of ${size(total)} free`;
  if (free >= total / 10) return ok('memory', said);
  return warning(
    'memory',
    said,
    'Scale down, choose smaller sizes (twelve ps:resize), or get more memory: when it is used up, processes are ended.',
  );
}

function clock({ clock: found, here }: Facts): Finding {
  if (here)
    return skipped(
      'clock',
      "this is the server's own machine: there is no other clock to compare it with",
      'timedatectl says whether it keeps time. Where it is wrong, certificates fail.',
    );
  if (!found) return warning('clock', 'not compared', 'Try again.');
  const seconds = (Math.abs(found.ahead) / 1000).toFixed(1);
  const off = Math.max(0, Math.abs(found.ahead) - found.precision);
  if (off < slowClockMs) return ok('clock', "as the server's");
  const said = `this machine is ${seconds} s ${found.ahead > 0 ? 'ahead of' : 'behind'} the server`;
  const advice = 'Let both keep time by NTP: timedatectl set-ntp true';
  return off < wrongClockMs ? warning('clock', said, advice) : failed('clock', said, advice);
}

/** Those that the platform took back from an app; each sentence says what to do. */
function namesTaken({ names_taken: taken = [] }: Status): Finding[] {
  return taken.map((said) => ({ what: 'names', verdict: 'warning', said }));
}

function orders({ certificate_orders: found }: Status): Finding[] {
  if (!found || found.hosts === 0) return [];
  const { hosts, failing, first } = found;
  if (failing === 0 || !first)
    return [ok('orders', `certificates are ordered for ${hosts} names, and none has failed`)];
  const whose = first.app ? `-a ${first.app.name}` : '--server';
  return [
    warning(
      'orders',
      `for ${failing} of ${hosts} names no certificate can be had for now; ${first.hostname}: ${first.reason}`,
      `See that the name leads to the server, and port 80 with it: twelve certs:auto ${whose} says how it stands, twelve certs:auto:refresh ${whose} has it tried again.`,
    ),
  ];
}

/** What somebody added, nobody renews. */
function ending({ certificates_ending: found = [], now }: Status): Finding[] {
  return found.map(({ app, name, expires_at: at, hostname }) => {
    const [whose, where] = app ? [`of ${app.name}`, `-a ${app.name}`] : ['of the server', '--server'];
    const over = Date.parse(at) <= Date.parse(now);
    const said = `${name} ${whose}, which visitors of ${hostname} are shown, ${over ? 'ended' : 'ends'} on ${at.slice(0, 10)}`;
    const advice = `Add its successor: twelve certs:add CRT KEY ${where}. Then remove it: twelve certs:remove ${name} ${where}`;
    return (over ? failed : warning)('certificate', said, advice);
  });
}

/** What this connection is: one that could not be trusted would have had no answer. */
function certificates({ url, tunnel }: Facts): Finding {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:') return ok('certificate', `${hostname} has one that is trusted here`);
  if (tunnel)
    return ok('certificate', 'none is needed by this end of a tunnel, if that is encrypted, as by SSH');
  if (isLoopback(hostname)) return ok('certificate', 'none is needed on this machine itself');
  return warning(
    'certificate',
    `${url} is not encrypted`,
    'Whoever is on the way can read the token: set TWELVE_API_TLS on the server and log in to that address by https, or go through an SSH tunnel.',
  );
}

const soonDays = 10;

/** What is renewed by itself is so long before this. */
function visitorsCertificate({ shown }: Facts): Finding[] {
  if (!shown) return [];
  const { name, problem, daysLeft } = shown;
  const days = Math.floor(Math.abs(daysLeft));
  const renew =
    'twelve certs:auto --server says why an ordered one is not renewed; of your own add a newer one: twelve certs:add.';
  if (daysLeft < 0)
    return [failed('certificate', `what visitors of ${name} are shown ended ${days} days ago`, renew)];
  if (problem !== null)
    return [
      warning(
        'certificate',
        `browsers do not trust what visitors of ${name} are shown (${problem})`,
        'Have certificates ordered (TWELVE_ACME), or add your own: twelve certs:add --server',
      ),
    ];
  const said = `what visitors of ${name} are shown is trusted, for ${days} more days`;
  return [daysLeft < soonDays ? warning('certificate', said, renew) : ok('certificate', said)];
}
