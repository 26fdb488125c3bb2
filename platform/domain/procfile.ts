// The Procfile: process types and their commands (grammar: buildpack reference, section 7).
import { PlatformError } from './errors.ts';
import { printable } from './shell-word.ts';

/** Process type → command, in the order of the file. Commands are shell text for `bash -c`, never split. */
export type ProcessTypes = Readonly<Record<string, string>>;

const line = /^([A-Za-z0-9_-]{1,63}):\s*(.+)$/;

/** @throws PlatformError `build_failed` naming the line (E16) */
export function parseProcfile(text: string): ProcessTypes {
  const types: Record<string, string> = {};
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  for (const [index, raw] of lines.entries()) {
    const trimmed = raw.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const match = line.exec(trimmed);
    if (!match) throw bad(index + 1, `"${printable(trimmed.slice(0, 120))}" is not "<type>: <command>".`);
    const [, type, command] = match as unknown as [string, string, string];
    if (command.includes('\0')) throw bad(index + 1, 'it contains a NUL byte, which no command can have.');
    if (Object.hasOwn(types, type)) throw bad(index + 1, `the type "${type}" is declared twice. Keep one.`);
    Object.defineProperty(types, type, {
      value: command,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return types;
}

function bad(number: number, what: string): PlatformError {
  return new PlatformError('build_failed', `Procfile line ${number}: ${what}`, { id: 'E16' });
}

/** Names people give the file by mistake; the build says so. */
export function isMisspeltProcfile(name: string): boolean {
  return name !== 'Procfile' && /^procfile(\.txt|\.md)?$/i.test(name);
}
