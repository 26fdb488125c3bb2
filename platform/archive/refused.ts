// Why an archive is not taken, in words; names in them are shown so that no terminal is moved by them.
import { PlatformError } from '../domain/errors.ts';

export function refused(why: string): PlatformError {
  return new PlatformError('invalid_params', `The archive is refused: ${why}.`);
}

export function shown(name: string): string {
  return JSON.stringify(name.slice(0, 200)).slice(1, -1);
}
