// What the server's program prints for people: its settings, and where it is when it is up.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Address, type Config, settings } from './config.ts';
import { addressText } from './domain/listen-address.ts';

/** Once it is up: where everything is. */
export function greeting(config: Config, api: Address): string {
  const { http: web, https, apiTls } = config;
  const token = join(config.dataFolder, 'admin-token');
  return [
    `Twelve is up.`,
    `  API and git   http://${addressText(api)}`,
    ...(apiTls ? [`  over TLS      https://${addressText(apiTls)}`] : []),
    `  apps          http://<app>.${config.domain}${web.port === 80 ? '' : `:${web.port}`}`,
    ...(https
      ? [`  over TLS      https://<app>.${config.domain}${https.port === 443 ? '' : `:${https.port}`}`]
      : []),
    `  data          ${config.dataFolder}`,
    ...(existsSync(token) ? [`  first token   ${token}`] : []),
    '',
  ].join('\n');
}

/** Of `twelve server --help`. */
function help(): string {
  const width = Math.max(...settings.map((setting) => setting.name.length));
  const lines = settings.map(
    (setting) =>
      `  ${setting.name.padEnd(width)}  ${setting.help}${setting.default ? ` [${setting.default}]` : ''}`,
  );
  return [
    'Usage: twelve server',
    '',
    'Runs the platform in the foreground. Settings, from the environment:',
    '',
    ...lines,
    '',
  ].join('\n');
}

/** @returns the exit status when that was all; null: there were none, the server is to run */
export function answerOptions(argv: readonly string[]): number | null {
  if (argv.length === 0) return null;
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(help());
    return 0;
  }
  process.stderr.write(
    ` !     "${argv[0]}" is not an option of the server; its settings are environment variables. See: twelve server --help\n`,
  );
  return 2;
}
