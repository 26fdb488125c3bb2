// What git asks of us: whose token is it, which app do they mean, and may they.
import type { App } from '../domain/app.ts';
import { auditText } from '../domain/audit.ts';
import { hasCode, PlatformError } from '../domain/errors.ts';
import type { GitNeeds, Pusher, RefUpdate } from '../git/git.ts';
import { ifPossible } from '../store/failures.ts';
import { findApp, requireScope, stillMay } from './access.ts';
import type { Known, Platform } from './context.ts';
import { deployPush } from './deploy.ts';
import { entryOf } from './refusals.ts';

type From = Parameters<GitNeeds['authenticate']>[1];
type Asked = Known & Pick<From, 'requestId'>;

/** @param platform asked late: git is one of its parts */
export function pushesOf(
  platform: () => Platform,
): Pick<GitNeeds, 'authenticate' | 'findApp' | 'pushed' | 'deploy'> {
  const knownOf = new WeakMap<Pusher, Asked>();
  return {
    async authenticate(token, from) {
      const known = admitted(platform(), token, from);
      if (!known) return null;
      const pusher: Pusher = { id: known.user.id, email: known.user.email };
      knownOf.set(pusher, { ...known, requestId: from.requestId });
      return pusher;
    },
    async findApp(name, pusher, service) {
      const known = knownOf.get(pusher)!;
      let app: App | undefined;
      try {
        app = findApp(platform(), known.user, name);
        requireScope(service === 'receive-pack' ? 'deploy' : 'read', known);
        return app;
      } catch (error) {
        if (hasCode(error, 'not_found')) return null;
        // A disk that is full makes no difference to the refusal.
        if (hasCode(error, 'forbidden'))
          ifPossible(() => platform().admission.refused(entryOf(known, 'git:push', app, null)));
        throw error;
      }
    },
    pushed({ app, user, updates }) {
      const detail = auditText(updates.map(inWords).join(', '));
      const known = knownOf.get(user)!;
      const entry = entryOf(known, 'git:push', app, detail);
      // A push comes as slowly as its sender likes: what let it in at its beginning may be gone.
      if (!stillMay(platform(), 'deploy', known, app.id)) {
        ifPossible(() => platform().admission.refused(entry));
        throw new PlatformError(
          'forbidden',
          `Since this push began its token has been revoked or has expired, or may not deploy ${app.name} any more. Nothing was deployed.`,
        );
      }
      platform().store.audit.add({ ...entry, outcome: 'done' });
    },
    deploy: (push) => deployPush(platform(), push),
  };
}

/** null: nobody knows this token, for which git has words of its own. */
function admitted({ admission }: Platform, token: string, from: From): Known | null {
  try {
    return admission.admit(token, from);
  } catch (error) {
    if (hasCode(error, 'unauthorized') && error.details['unknown'] === true) return null;
    throw error;
  }
}

/** `4a0f2c9e to main` */
function inWords({ ref, to }: RefUpdate): string {
  const name = ref.replace(/^refs\/(heads|tags)\//, '');
  return /^0+$/.test(to) ? `removed ${name}` : `${to.slice(0, 8)} to ${name}`;
}
