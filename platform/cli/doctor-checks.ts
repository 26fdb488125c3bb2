// What the doctor makes of what it found: pure, from facts to findings with what to do.
import { isLoopback } from './context.ts';
import type { Facts } from './doctor-facts.ts';
import { size } from './terminal-text.ts';

export interface Finding {
  what: string;
  verdict: 'ok' | 'warning' | 'failed';
  said: string;
  /** What to do; absent where nothing is. */
  advice?: string;
}

const slowClockMs = 5000;
const wrongClockMs = 60_000;

export function examine(facts: Facts): Finding[] {
  const { status } = facts;
  const first = [client(facts), login(facts), server(facts)];
  if (!status) return first;
  return [
    ...first,
    engine(status),
    parts(status),
    disk(status),
    memory(status),
    clock(facts),
    dns(facts),
    ...namesTaken(status),
    certificates(facts),
    ...visitorsCertificate(facts),
    ...ports(facts),
  ];
}

const ok = (what: string, said: string): Finding => ({ what, verdict: 'ok', said });
const warning = (what: string, said: string, advice: string): Finding => ({
  what,
  verdict: 'warning',
  said,
  advice,
});
const failed = (what: string, said: string, advice: string): Finding => ({
  what,
  verdict: 'failed',
  said,
  advice,
});

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

function server({ url, unreachable, refused, status }: Facts): Finding {
  if (status)
    return ok('server', `${url}, ${status.version}, up for ${Math.floor(status.uptime / 60)} minutes`);
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

function parts({ failing }: Status): Finding {
  if (failing.length === 0) return ok('parts', 'database, engine and router answer');
  return failed(
    'parts',
    `no answer from: ${failing.join(', ')}`,
    "The server's own log says why; it tries again by itself.",
  );
}

function disk({ disk: { total, free, min_free: least, used } }: Status): Finding {
  const largest = Object.entries(used ?? {}).sort(([, a], [, b]) => b - a)[0];
  const said = `${size(free)} of ${size(total)} free${largest ? `; of ours ${largest[0]} take most, ${size(largest[1])}` : ''}`;
  const advice =
    'Make space: destroy apps that are not needed, purge build caches (twelve builds:cache:purge), lower TWELVE_KEEP_RELEASES, or get a larger disk.';
  if (free < least) return failed('disk', `${said}; pushes are refused below ${size(least)}`, advice);
  return free < total / 10 ? warning('disk', said, advice) : ok('disk', said);
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

function clock({ clock: found }: Facts): Finding {
  if (!found) return warning('clock', 'not compared', 'Try again.');
  const seconds = (Math.abs(found.ahead) / 1000).toFixed(1);
  const off = Math.max(0, Math.abs(found.ahead) - found.precision);
  if (off < slowClockMs) return ok('clock', "as the server's");
  const said = `this machine is ${seconds} s ${found.ahead > 0 ? 'ahead of' : 'behind'} the server`;
  const advice = 'Let both keep time by NTP: timedatectl set-ntp true';
  return off < wrongClockMs ? warning('clock', said, advice) : failed('clock', said, advice);
}

function dns({ dns: found, status }: Facts): Finding {
  if (found && found.addresses.length > 0)
    return ok('names', `*.${status!.domain} leads to ${found.addresses.join(', ')}`);
  return warning(
    'names',
    `*.${status!.domain} leads nowhere from here`,
    `Make a DNS record *.${status!.domain} with the address of the server, or set TWELVE_DOMAIN to a domain that has one.`,
  );
}

/** Those that the platform took back from an app; each sentence says what to do. */
function namesTaken({ names_taken: taken = [] }: Status): Finding[] {
  return taken.map((said) => ({ what: 'names', verdict: 'warning', said }));
}

/** What this connection is: one that could not be trusted would have had no answer. */
function certificates({ url }: Facts): Finding {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:') return ok('certificate', `${hostname} has one that is trusted here`);
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
    'twelve domains says why an ordered one is not renewed; of your own add a newer one: twelve certs:add.';
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

function ports({ ports: all }: Facts): Finding[] {
  return all.map(({ host, port, open }) =>
    open
      ? ok('port', `${host}:${port}, where visitors come in, is open`)
      : failed(
          'port',
          `${host}:${port}, where visitors come in, cannot be reached from here`,
          `Open port ${port} in the firewall, and look at TWELVE_HTTP: visitors of other machines are not served on 127.0.0.1.`,
        ),
  );
}
