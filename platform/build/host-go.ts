// The settings of the host's Go that builds need to reach modules the same way: proxies and who is trusted, never credentials.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What says where modules come from and what checks them; the names of Go's own environment variables. */
export const goSettings = [
  'GOPROXY',
  'GONOPROXY',
  'GOPRIVATE',
  'GOSUMDB',
  'GONOSUMDB',
  'GOINSECURE',
] as const;

export type GoConfig = Readonly<Record<string, string>>;

/**
 * Asks the go command itself, so that every place it reads settings from counts.
 * @param without what counts where there is no go command: those of the server's environment
 */
export async function hostGoConfig(without: GoConfig = {}): Promise<GoConfig> {
  let answer: Record<string, unknown>;
  try {
    const { stdout } = await run('go', ['env', '-json', ...goSettings], {
      cwd: '/',
      timeout: 20_000,
    });
    answer = JSON.parse(stdout) as Record<string, unknown>;
  } catch {
    answer = without;
  }
  return Object.fromEntries(
    goSettings.flatMap((name) => {
      const value = answer[name];
      return typeof value === 'string' && value !== '' ? [[name, withoutCredentials(value)]] : [];
    }),
  );
}

/** GOPROXY is a list of addresses, separated by commas and bars. */
function withoutCredentials(value: string): string {
  return value.replace(/([a-z]+:\/\/)[^/@,|]*@/gi, '$1');
}

/** A file that GOENV names: Go's weakest source of settings, an app's config vars win. */
export function goEnvText(config: GoConfig): string {
  return Object.entries(config)
    .map(([name, value]) => `${name}=${value.replace(/[\r\n]/g, '')}\n`)
    .join('');
}
