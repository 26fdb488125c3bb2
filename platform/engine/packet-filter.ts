// Rules for what comes from containers' networks, before the machine decides where it goes.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isIPv4 } from 'node:net';

export interface PacketFilter {
  /**
   * Packets from there pass these rules of the chain, and those of IPv6 are dropped.
   * @param bridge an interface, or with `+` at its end all whose names begin so
   * @returns why it could not be done, null when it is
   */
  close(bridge: string, rules: readonly string[]): Promise<string | null>;
  /** Takes the rules away. */
  open(): Promise<void>;
}

/** @returns what it printed. @throws Error with what it said */
export type Run = (program: string, args: readonly string[], input?: string) => Promise<string>;

/** Metadata services of clouds, what is for one wire only, and multicast; the last is link-local as a whole. */
export const closedRanges = [
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.0/24',
  '224.0.0.0/4',
  '169.254.0.0/16',
];

/** What stays open at an address that is shut otherwise: a package registry, a name server. */
export interface Service {
  address: string;
  port: number;
}

/** Rules that let packets to these pass, before any that drop them; name servers are asked over both protocols. */
export function openTo(chain: string, services: readonly Service[]): string[] {
  return services.flatMap(({ address, port }) =>
    ['tcp', ...(port === 53 ? ['udp'] : [])].map(
      (protocol) => `-A ${chain} -d ${address}/32 -p ${protocol} -m ${protocol} --dport ${port} -j RETURN`,
    ),
  );
}

/** Those that containers may be given. Networks of ours have no IPv6, so that others are out of their reach as it is. */
export function nameServers(resolvers: readonly string[]): Service[] {
  return resolvers.filter((address) => isIPv4(address)).map((address) => ({ address, port: 53 }));
}

/**
 * In the table `raw`, which packets pass before anything decides where they go: one place for those to this machine and
 * those that it passes on, which no engine writes to, so that its restarts change nothing. What is dropped in one of
 * nftables and the older iptables is dropped, whichever of them the engine uses.
 * @param needs.chain at most 28 characters
 */
export function createPacketFilter({ chain, run = runProgram }: { chain: string; run?: Run }): PacketFilter {
  const [four, six] = [createTable(run, 'iptables', chain), createTable(run, 'ip6tables', chain)];

  return {
    async close(bridge, rules) {
      const ofFour = await failureOf('iptables', four.close(bridge, whole(chain, rules)));
      // A machine without IPv6 needs no rules for it, and may be unable to have any.
      if (!existsSync('/proc/net/if_inet6')) return ofFour;
      // Networks of ours have none; what a wire's link-local address would reach is this machine.
      const nothing = whole(chain, [`-A ${chain} -j DROP`]);
      const ofSix = await failureOf('ip6tables', six.close(bridge, nothing));
      if (ofFour === null) return ofSix && `over IPv6 alone, since IPv4 is shut. ${ofSix}`;
      return ofSix === null ? `over IPv4 alone, since IPv6 is shut. ${ofFour}` : ofFour;
    },
    async open() {
      // Not there, or never to be had: nothing of ours is left to take away.
      for (const table of [four, six]) await table.open().catch(() => undefined);
    },
  };
}

/** A chain that is named is emptied; with its new rules in one step. */
function whole(chain: string, rules: readonly string[]): string {
  return ['*raw', `:${chain} - [0:0]`, ...rules, 'COMMIT', ''].join('\n');
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

/** @returns why it could not be done, null when it is */
function failureOf(program: string, work: Promise<void>): Promise<string | null> {
  return work.then(
    () => null,
    (error: unknown) => reason(program, error),
  );
}

function reason(program: string, error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return `${program} is not installed where the server runs.`;
  const said = (error instanceof Error ? error.message : String(error)).trim().split('\n').at(-1) ?? '';
  return `${program} says: ${said.slice(0, 200)}`;
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
