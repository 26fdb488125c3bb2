// A disk that fills up while nobody pushes: said in the server's log when it happens and when it is over, and made room on.
import { messageOf, PlatformError } from '../domain/errors.ts';
import type { Platform } from './context.ts';
import { collectGarbage } from './garbage.ts';

const lookMs = 30_000;
/** While there is too little, so many looks lie between two collections: what was too young to go gets older. */
const looksBetween = 10;

/** Until the signal aborts. What is refused meanwhile is refused by `requireSpace`, whoever asks. */
export function watchSpace(platform: Platform, signal: AbortSignal, everyMs = lookMs): void {
  if (signal.aborted) return;
  let looks = 0;
  let told: string | null = null;
  let looking = false;
  const look = async (): Promise<void> => {
    const why = await shortage(platform);
    if (signal.aborted) return;
    if (why === null) {
      if (looks > 0) platform.log.info('there is space on the disk again: pushes and builds are taken');
      looks = 0;
      told = null;
      return;
    }
    // A disk that fills up while a budget is used up is news, too.
    const what = String(why.details['budget'] ?? 'disk');
    if (what !== told)
      platform.log.error(
        { why: why.message },
        `${why.details['budget'] ? 'a budget of the disk is used up: what adds to it is' : 'the disk is nearly full: pushes and builds are'} refused, apps go on. "twelve server:gc" shows what takes how much`,
      );
    told = what;
    if (looks % looksBetween === 0) await collectGarbage(platform);
    looks += 1;
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look()
      .catch((error: unknown) =>
        platform.log.warn({ error: messageOf(error) }, 'looking for space on the disk'),
      )
      .finally(() => {
        looking = false;
      });
  }, everyMs).unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

async function shortage(platform: Platform): Promise<PlatformError | null> {
  try {
    await platform.requireSpace();
    return null;
  } catch (error) {
    if (error instanceof PlatformError && error.code === 'service_unavailable') return error;
    throw error;
  }
}
