// Destroying an app over the API: the answer says that it is gone only when it is.
import { expect, test } from 'vitest';
import { PlatformError } from '../../../platform/domain/errors.ts';
import { startTeam } from './team-ground.ts';

test('what could not be written down is told, and nothing is destroyed', async () => {
  await using team = await startTeam();
  const { store, app } = team;
  const { eraseConfig } = store.releases;
  store.releases.eraseConfig = () => {
    throw new PlatformError('service_unavailable', 'Another program holds the database.');
  };
  const ada = team.token('ada');
  expect(await team.ask(ada, 'DELETE', '/apps/hello')).toMatchObject({
    status: 503,
    body: { id: 'service_unavailable', message: 'Another program holds the database.' },
  });
  expect((await team.ask(ada, 'GET', '/apps/hello')).status).toBe(200);
  expect(store.collaborators.has(app.id, team.users.bob.id)).toBe(true);
  store.releases.eraseConfig = eraseConfig;
});

test('what is left to be cleared away holds up no answer, and is told to the log alone', async () => {
  await using team = await startTeam();
  const ada = team.token('ada');
  // Its stations are none, so nothing can be cleared away.
  expect((await team.ask(ada, 'DELETE', '/apps/hello')).status).toBe(200);
  expect((await team.ask(ada, 'GET', '/apps/hello')).status).toBe(404);
});
