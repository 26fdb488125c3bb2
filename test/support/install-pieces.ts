// The functions of scripts/install, called one at a time, with nothing of this machine's for a target.
import { join } from 'node:path';
import { type Result, run } from './program.ts';

export const scripts = join(import.meta.dirname, '../../scripts');

const pieces = [
  ...['steps', 'apt', 'engine', 'rules-and-sockets', 'node', 'install-lock', 'install-node'],
  ...[
    'install-program',
    'install-service',
    'install-way-back',
    'install-restore',
    'install-firewall',
    'install-advice',
    'uninstall',
    'service-settings',
    'service-log',
  ],
];

/**
 * One of their functions with arguments as they are; `eval` for more than one. Its settings are in `folder`.
 * @param by a command that runs it
 */
export function call(
  folder: string,
  name: string,
  args: readonly string[],
  env: Record<string, string> = {},
  by: readonly string[] = [],
): Promise<Result> {
  const script = `cd "$0"; for f in ${pieces.join(' ')}; do . lib/$f.sh; done; all_settings() { read_settings "$1"; env -0; }; settings_file=$SETTINGS; "$@"`;
  const words = [...by, 'bash', '-c', script, scripts, name, ...args];
  return run(words[0]!, words.slice(1), {
    env: { PATH: process.env['PATH'] ?? '', SETTINGS: join(folder, 'twelve.env'), ...env },
  });
}
