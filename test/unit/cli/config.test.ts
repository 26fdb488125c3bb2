// A config var whose name could be stored once and cannot now, as somebody with the command line meets it; behind it the real verb.
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readConfigVars, setConfigVars } from '../../../platform/actions/config.ts';
import { rollback } from '../../../platform/actions/release.ts';
import type { ConfigChange, ConfigVars } from '../../../platform/domain/config-vars.ts';
import { PlatformError } from '../../../platform/domain/errors.ts';
import { openVault } from '../../../platform/store/secrets.ts';
import { createGround, type Ground } from '../actions/ground.ts';
import { scriptedApi, twelve } from './scripted.ts';

let ground: Ground;
beforeEach(() => {
  ground = createGround();
});
afterEach(() => ground[Symbol.dispose]());

/** A release as it was written before names were checked. */
async function storeAsOnce(config: ConfigVars): Promise<void> {
  const { store, app, folder } = ground;
  await ground.push('a'.repeat(40));
  const { id } = store.releases.newest(app.id)!;
  const sealed = openVault(join(folder, 'secret.key'), false).seal(JSON.stringify(config), id);
  const database = new SQLite(join(folder, 'twelve.db'));
  // What was written stands: only a test writes it again.
  database.exec('DROP TRIGGER release_config_no_update');
  database.prepare('UPDATE release_config SET sealed = ? WHERE release_id = ?').run(sealed, id);
  database.close();
}

function api() {
  const { platform, app, caller } = ground;
  return scriptedApi({
    'PATCH /apps/hello/config-vars': ({ body }) => {
      try {
        const release = setConfigVars(platform, app, caller, body as ConfigChange);
        // Without a version to follow the command ends here.
        return { body: release ? readConfigVars(platform, app) : {} };
      } catch (error) {
        if (!(error instanceof PlatformError)) throw error;
        return { status: 422, body: { id: error.code, message: error.message } };
      }
    },
  });
}

it('is named with the command that removes it; after that command config changes as ever', async () => {
  await storeAsOnce({ 'MY KEY': 'old', GOOD: 'x' });
  await using served = await api();
  const told =
    /"MY KEY" is not a config var name, and no release or build can have it: remove it \(twelve config:unset 'MY KEY'\)\./;
  for (const words of [
    ['config:set', 'A=1'],
    ['config:unset', 'GOOD'],
  ]) {
    const refused = await twelve([...words, '-a', 'hello'], { url: served.url });
    expect(refused.status).toBe(1);
    expect(refused.err.replaceAll(/\s*\n[\s▸]*/g, ' ')).toMatch(told);
  }
  const removed = await twelve(['config:unset', 'MY KEY', '-a', 'hello'], { url: served.url });
  expect(removed).toMatchObject({ status: 0 });
  const set = await twelve(['config:set', 'A=1', '-a', 'hello'], { url: served.url });
  expect(set).toMatchObject({ status: 0 });
  expect(readConfigVars(ground.platform, ground.app)).toEqual({ GOOD: 'x', A: '1' });
});

it('is why its release cannot come back, which a rollback says', async () => {
  await storeAsOnce({ 'MY-KEY': 'old' });
  const { platform, app, caller } = ground;
  setConfigVars(platform, app, caller, { 'MY-KEY': null });
  await ground.push('b'.repeat(40));
  await expect(rollback(platform, app, caller, 'v1')).rejects.toThrow(
    /^v1 has the config var "MY-KEY", .* cannot be rolled back to\. Push its commit again\.$/,
  );
});
