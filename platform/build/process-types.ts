// Default process types overridden by the Procfile, and the lines that say so (buildpack reference, section 7).
import { type ProcessTypes, parseProcfile } from '../domain/procfile.ts';

const typeName = /^[A-Za-z0-9_-]{1,63}$/;

/**
 * @param procfile its text as the build left it; null when there is none
 * @throws PlatformError `build_failed` (E16) for a Procfile that cannot be read
 */
export function discoverProcessTypes(
  procfile: string | null,
  defaults: Readonly<Record<string, string>>,
  displayName: string,
): { processTypes: ProcessTypes; lines: string[] } {
  const declared = procfile === null ? {} : parseProcfile(procfile);
  // No program can be started with a NUL in its arguments.
  const usable = Object.fromEntries(
    Object.entries(defaults).filter(([type, command]) => typeName.test(type) && !command.includes('\0')),
  );
  const lines = ['-----> Discovering process types'];
  const procfileLabel = 'Procfile declares types';
  const defaultLabel = `Default types for ${displayName}`;
  const width = Math.max(procfileLabel.length, defaultLabel.length);
  const line = (label: string, types: object): string =>
    `       ${label.padEnd(width)} -> ${Object.keys(types).join(', ') || '(none)'}`;
  if (procfile !== null) lines.push(line(procfileLabel, declared));
  const added = Object.keys(usable).filter((type) => !Object.hasOwn(declared, type));
  if (added.length > 0) lines.push(line(defaultLabel, usable));
  return { processTypes: { ...usable, ...declared }, lines };
}
