// The guard in front of this machine: what comes from builds does not reach its own addresses, apps, or link-local ones.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';

/** A service on an address of this machine that builds need: a package registry, a proxy, a name server. */
export interface Service {
  address: string;
  port: number;
}

export interface Guard {
  /** @param bridge where the packets come from. @returns why it could not be done, null when it is */
  close(bridge: string): Promise<string | null>;
  /** Takes the rules away. */
  open(): Promise<void>;
}

export interface GuardNeeds {
  instance: string;
  /** Of apps' networks. */
  range: string;
  /** Asked each time. */
  services(): Promise<readonly Service[]>;
  run?: Run;
}

/** @returns what it printed. @throws Error with what it said */
export type Run = (program: string, args: readonly string[], input?: string) => Promise<string>;

/** Of clouds; the last is link-local as a whole. */
const elsewhere = ['100.100.100.200/32', '168.63.129.16/32', '192.0.0.0/24', '224.0.0.0/4', '169.254.0.0/16'];

/**
 * In the table `raw`, which packets pass before anything decides where they go: one place for those to this machine and
 * those that it passes on, which no engine writes to, so that its restarts change nothing. What is dropped in one of
 * nftables and the older iptables is dropped, whichever of them the engine uses.
 */
export function guardRules(chain: string, range: string, services: readonly Service[]): string {
  const allowed = services.flatMap(({ address, port }) =>
    ['tcp', ...(port === 53 ? ['udp'] : [])].map(
      (protocol) => `-A ${chain} -d ${address}/32 -p ${protocol} -m ${protocol} --dport ${port} -j RETURN`,
    ),
  );
  return [
    '*raw',
    // A chain that is named is emptied; with its new rules in one step.
    `:${chain} - [0:0]`,
    ...allowed,
    `-A ${chain} -m addrtype --dst-type LOCAL -j DROP`,
    ...[range, ...elsewhere].map((refused) => `-A ${chain} -d ${refused} -j DROP`),
    'COMMIT',
    '',
  ].join('\n');
}

/** Networks of ours have no IPv6; what a wire's link-local address would reach is this machine. */
function guardRules6(chain: string): string {
  return ['*raw', `:${chain} - [0:0]`, `-A ${chain} -j DROP`, 'COMMIT', ''].join('\n');
}

export function createGuard(needs: GuardNeeds): Guard {
  const run = needs.run ?? runProgram;
  const chain = `TWELVE-${needs.instance}`.slice(0, 28);
  const [four, six] = [createTable(run, 'iptables', chain), createTable(run, 'ip6tables', chain)];

  return {
    async close(bridge) {
      try {
        await four.close(bridge, guardRules(chain, needs.range, await needs.services()));
        // A machine without IPv6 needs no rules for it, and may be unable to have any.
        if (existsSync('/proc/net/if_inet6')) await six.close(bridge, guardRules6(chain));
        return null;
      } catch (error) {
        return reason(error);
      }
    },
    async open() {
      // Not there, or never to be had: nothing of ours is left to take away.
      for (const table of [four, six]) await table.open().catch(() => undefined);
    },
  };
}

/** The table `raw` of one protocol family, by the programs of that family. */
function createTable(run: Run, program: 'iptables' | 'ip6tables', chain: string) {
  const iptables = (...args: string[]): Promise<string> => run(program, ['-w', '5', '-t', 'raw', ...args]);

  /** What sends packets into our chain, as arguments. */
  async function jumps(): Promise<string[][]> {
    const rules = await iptables('-S', 'PREROUTING');
    return rules
      .split('\n')
      .filter((rule) => rule.endsWith(` -j ${chain}`))
      .map((rule) => rule.replace(/^-A /, '').split(' '));
  }

  return {
    async close(bridge: string, rules: string): Promise<void> {
      await run(`${program}-restore`, ['-w', '5', '--noflush'], rules);
      const wanted = ['PREROUTING', '-i', bridge, '-j', chain];
      const present = await jumps();
      if (!present.some((one) => one.join(' ') === wanted.join(' '))) await iptables('-I', ...wanted);
      // Of networks that are gone.
      for (const old of present) if (old.join(' ') !== wanted.join(' ')) await iptables('-D', ...old);
    },
    async open(): Promise<void> {
      for (const one of await jumps()) await iptables('-D', ...one);
      await iptables('-F', chain);
      await iptables('-X', chain);
    },
  };
}

function reason(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'iptables is not installed where the server runs.';
  const said = (error instanceof Error ? error.message : String(error)).trim().split('\n').at(-1) ?? '';
  return `iptables says: ${said.slice(0, 200)}`;
}

const programPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const runProgram: Run = (program, args, input) =>
  new Promise((resolve, reject) => {
    const options = { env: { PATH: programPath }, timeout: 20_000 };
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else if ('code' in error && error.code === 'ENOENT') reject(error);
      else reject(new Error(stderr.trim() || error.message));
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
  });
