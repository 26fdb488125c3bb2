// The settings of the host's pip that builds need to reach packages the same way: indexes, trust, proxy, never credentials.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** `cert` is a file of the host; the others are passed on as they are. */
const passedOn = ['index-url', 'extra-index-url', 'trusted-host', 'proxy', 'cert'] as const;

export type PipConfig = Readonly<Record<string, string>>;

/**
 * Asks pip itself, so that every place it reads settings from counts.
 * @param without what counts where there is no pip: `PIP_…` of the server's environment
 */
export async function hostPipConfig(without: PipConfig = {}): Promise<PipConfig> {
  let answer: PipConfig = without;
  for (const [program, ...first] of [['pip3'], ['python3', '-m', 'pip']] as [string, ...string[]][]) {
    try {
      const { stdout } = await run(program, [...first, '--disable-pip-version-check', 'config', 'list'], {
        cwd: '/',
        timeout: 20_000,
      });
      answer = parsePipConfig(stdout);
      break;
    } catch {
      // Not there, or it does not work: the next.
    }
  }
  return Object.fromEntries(
    passedOn.flatMap((name) => {
      const values = (answer[name] ?? '').split(/\s+/).filter((value) => value !== '');
      if (values.length === 0 || (name === 'cert' && !existsSync(values[0]!))) return [];
      return [[name, values.map(withoutCredentials).join(' ')]];
    }),
  );
}

/** `global.index-url='https://…'`: pip's own order is all commands, then `install`, then the environment. */
export function parsePipConfig(text: string): PipConfig {
  const found: Record<string, string> = {};
  for (const section of ['global', 'install', ':env:']) {
    for (const line of text.split('\n')) {
      const match = /^(global|install|:env:)\.([a-z-]+)=(['"])(.*)\3$/.exec(line.trim());
      // Values of several lines are printed as Python writes them.
      if (match?.[1] === section) found[match[2]!] = match[4]!.replaceAll('\\n', ' ').trim();
    }
  }
  return found;
}

/** The same as environment variables, which `hostPipConfig` takes where there is no pip; without files of this host. */
export function pipVariables(config: PipConfig): Record<string, string> {
  const values = Object.entries(config).filter(([name]) => name !== 'cert');
  return Object.fromEntries(
    values.map(([name, value]) => [`PIP_${name.replaceAll('-', '_').toUpperCase()}`, value]),
  );
}

function withoutCredentials(value: string): string {
  return value.replace(/^([a-z+]+:\/\/)[^/@]*@/i, '$1');
}

/** @param cert where builds find the certificate authorities of the setting `cert` */
export function pipConfText(config: PipConfig, cert: string): string {
  const lines = Object.entries(config).map(
    ([name, value]) => `${name} = ${name === 'cert' ? cert : value}\n`,
  );
  return lines.length > 0 ? `[global]\n${lines.join('')}` : '';
}
