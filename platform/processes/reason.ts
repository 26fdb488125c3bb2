// Why something that was asked for did not come to be, as it is kept: a sentence, and the last lines of the process.
import { messageOf, PlatformError } from '../domain/errors.ts';

export function reasonOf(error: unknown): string {
  const lines =
    error instanceof PlatformError ? (error.details['lastLines'] as string[] | undefined) : undefined;
  return [
    messageOf(error),
    ...(lines && lines.length > 0 ? ['Last lines:', ...lines.map((line) => `  ${line}`)] : []),
  ].join('\n');
}
