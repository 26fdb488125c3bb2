// Who comes for a one-off process, or comes back to it, shows a token each time: the secret in the URL alone opens nothing.
import type { IncomingMessage } from 'node:http';
import { findApp, requireRole, requireScope, stillMay } from '../actions/access.ts';
import type { Platform } from '../actions/context.ts';
import { entryOf } from '../actions/refusals.ts';
import type { App } from '../domain/app.ts';
import { hasCode } from '../domain/errors.ts';
import { ifPossible } from '../store/failures.ts';
import { admitted } from './auth.ts';

/**
 * @returns whether they may still, for as long as they stay
 * @throws PlatformError as any request of theirs to run something in this app would
 */
export type RunLogin = (request: IncomingMessage, appId: string) => () => boolean;

const need = 'write';

export function createRunLogin(platform: Pick<Platform, 'store' | 'admission'>): RunLogin {
  return (request, appId) => {
    const known = admitted(platform.admission, request, null);
    let app: App | undefined;
    try {
      requireScope(need, known);
      app = findApp(platform, known.user, appId);
      requireRole(platform, need, known.user, app);
    } catch (error) {
      if (hasCode(error, 'forbidden')) {
        const entry = entryOf({ ...known, requestId: null }, 'run', app, null);
        // A disk that is full makes no difference to the refusal.
        ifPossible(() => platform.admission.refused(entry));
      }
      throw error;
    }
    const { id } = app;
    return () => stillMay(platform, need, known, id);
  };
}
