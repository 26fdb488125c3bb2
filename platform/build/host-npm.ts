// The settings of the host's npm that builds need to reach packages the same way: registry and proxies, never credentials.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

const passedOn = ['registry', 'https-proxy', 'proxy', 'noproxy', 'strict-ssl'] as const;

export type NpmConfig = Readonly<Record<string, string>>;

/**
 * Asks npm itself, so that every place it reads settings from counts.
 * @param without what counts where there is no npm: `npm_config_…` of the server's environment
 */
export async function hostNpmConfig(without: NpmConfig = {}): Promise<NpmConfig> {
  let answer: Record<string, unknown>;
  try {
    const { stdout } = await run('npm', ['config', 'list', '--json'], {
      cwd: '/',
      timeout: 20_000,
      maxBuffer: 4_194_304,
    });
    answer = JSON.parse(stdout) as Record<string, unknown>;
  } catch {
    answer = without;
  }
  return Object.fromEntries(
    passedOn.flatMap((name) => {
      const value = answer[name];
      const text = Array.isArray(value) ? value.join(',') : value;
      if (text === null || text === undefined || text === '') return [];
      return [[name, withoutCredentials(String(text))]];
    }),
  );
}

/** The same as environment variables, which `hostNpmConfig` takes where there is no npm. */
export function npmVariables(config: NpmConfig): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [`npm_config_${name.replaceAll('-', '_')}`, value]),
  );
}

function withoutCredentials(value: string): string {
  return value.replace(/^([a-z]+:\/\/)[^/@]*@/i, '$1');
}

export function npmrcText(config: NpmConfig): string {
  return Object.entries(config)
    .map(([name, value]) => `${name}=${value.replace(/[\r\n]/g, '')}\n`)
    .join('');
}
