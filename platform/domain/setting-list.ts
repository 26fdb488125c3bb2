// A setting that is a list: parts with commas between them.
import { PlatformError } from './errors.ts';

/** @throws PlatformError `bad_request` naming the setting, what it held and what it may hold */
export function settingList(
  name: string,
  text: string,
  fits: (part: string) => boolean,
  may: string,
): string[] {
  if (text === '') return [];
  const parts = text.split(',').map((part) => part.trim());
  if (!parts.every(fits)) throw new PlatformError('bad_request', `${name} is "${text}"; it must be ${may}.`);
  return parts;
}
