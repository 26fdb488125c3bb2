// What makes the first push quick and keeps the disk tidy, while visitors are served already.
import { messageOf } from '../domain/errors.ts';
import { finishDestroying } from './apps.ts';
import type { Platform } from './context.ts';
import { collectGarbage } from './garbage.ts';

/** Each part whatever becomes of the others. Never throws. */
export async function prepare(platform: Platform): Promise<void> {
  const told = (what: string) => (error: unknown) => platform.log.warn({ error: messageOf(error) }, what);
  await finishDestroying(platform).catch(told('clearing away destroyed apps'));
  await platform
    .stackImage()
    .then((image) => platform.slugs.prime(image))
    .catch(told('preparing the stack'));
  await collectGarbage(platform);
}
