// A deploy on a nearly full disk: refused before anything is claimed, recorded or built.
import { expect, it } from 'vitest';
import type { Caller, Platform } from '../../../platform/actions/context.ts';
import { deployPush, redeploy } from '../../../platform/actions/deploy.ts';
import type { App } from '../../../platform/domain/app.ts';
import { PlatformError } from '../../../platform/domain/errors.ts';
import type { Push } from '../../../platform/git/git.ts';

const app = { id: 'app-1', name: 'hello' } as App;
const caller = { user: { id: 'user-1', email: 'ada@example.com' } } as Caller;
const full = new PlatformError('service_unavailable', "The server's disk is nearly full.");

/** Knows what is asked before a deploy; anything else a deploy touches is missing, and would fail differently. */
const platform = {
  store: { apps: { byId: () => app }, users: { byId: () => caller.user } },
  git: {
    head: async () => ({ branch: 'main', commit: 'c'.repeat(40) }),
    ensureRepository: async () => '/repository',
    describeCommit: async () => ({ subject: 'A change' }),
  },
  requireSpace: () => Promise.reject(full),
} as unknown as Platform;

it('a push', async () => {
  const push = { app, user: caller.user, update: { to: 'c'.repeat(40) } } as unknown as Push;
  await expect(deployPush(platform, push)).rejects.toBe(full);
});

it('a redeploy', async () => {
  await expect(redeploy(platform, app, caller)).rejects.toBe(full);
});
