// Whether the server that answered and this command line understand each other; if not, which side to upgrade.
import type { IncomingHttpHeaders } from 'node:http';
import { apiLevel, levelHeader, versionHeader } from '../domain/api-level.ts';
import { version } from './version.ts';

/** A sentence when they do not. A server that tells no level (a proxy's own page, for one) is not judged. */
export function incompatibility(
  url: string,
  headers: IncomingHttpHeaders,
  own = { level: apiLevel, version: version() },
): string | undefined {
  const text = headers[levelHeader.toLowerCase()];
  const level = Number(text);
  if (typeof text !== 'string' || !Number.isInteger(level) || level === own.level) return undefined;
  const its = headers[versionHeader.toLowerCase()];
  const runs = `${url} runs Twelve${typeof its === 'string' ? ` ${its}` : ''}`;
  return level < own.level
    ? `${runs}, which is too old for this command line (${own.version}). Upgrade the server, or use the command line of its version.`
    : `${runs}, which is too new for this command line (${own.version}). Upgrade the command line to the server's version.`;
}
