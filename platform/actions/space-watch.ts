// A disk that fills up while nobody pushes: said in the server's log when it happens and when it is over, and made room on.
import { hasCode, messageOf } from '../domain/errors.ts';
import type { Platform } from './context.ts';
import { collectGarbage } from './garbage.ts';

const lookMs = 30_000;

/** Until the signal aborts. What is refused meanwhile is refused by `requireSpace`, whoever asks. */
export function watchSpace(platform: Platform, signal: AbortSignal, everyMs = lookMs): void {
  if (signal.aborted) return;
  let short = false;
  let looking = false;
  const look = async (): Promise<void> => {
    const why = await shortage(platform);
    if (signal.aborted || (why !== null) === short) return;
    short = why !== null;
    if (why === null)
      return platform.log.info('there is space on the disk again: pushes and builds are taken');
    platform.log.error(
      { why },
      'the disk is nearly full: pushes and builds are refused, apps go on. "twelve server:gc" shows what takes how much',
    );
    await collectGarbage(platform);
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

async function shortage(platform: Platform): Promise<string | null> {
  try {
    await platform.requireSpace();
    return null;
  } catch (error) {
    if (hasCode(error, 'service_unavailable')) return error.message;
    throw error;
  }
}
