// The address of a request: of what a path says, nothing may be lost on the way to the server.
import { usageError } from './errors.ts';

/**
 * A URL is tidied up wherever it is read, here and by proxies: `/apps/hello/domains/..` becomes `/apps/hello/`, which is another thing.
 * @param base without a slash at its end
 * @throws CliError (wrong usage) when the path would be another one on the wire
 */
export function requestUrl(base: string, path: string): URL {
  const dots = path
    .replace(/\?.*$/s, '')
    .split('/')
    .find((part) => /^(\.|%2e){1,2}$/i.test(part));
  if (dots !== undefined)
    throw usageError(
      `"${dots}" is no name: in an address it means another place, so ${shown(path)} would reach something else. It was not sent.`,
    );
  if (/[\p{Cc}\\#]| $/u.test(path))
    throw usageError(
      `${shown(path)} cannot be asked as it is: control characters, backslashes, "#" and a space at the end have to be percent-encoded (%5C, %23, %20). It was not sent.`,
    );
  return new URL(base + path);
}

/** Fit for a terminal, whatever is in it. */
function shown(path: string): string {
  return JSON.stringify(path.slice(0, 200));
}
