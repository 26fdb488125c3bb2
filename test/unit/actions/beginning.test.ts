// What app.json gives a new app: its formation, its list of buildpacks.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { begin, firstFormation } from '../../../platform/actions/beginning.ts';
import { readConfig } from '../../../platform/config.ts';
import { parseAppName } from '../../../platform/domain/app.ts';
import { defaultSizes } from '../../../platform/domain/formation.ts';
import { openStore } from '../../../platform/store/store.ts';

it('is kept with the first release, each buildpack once, and takes nothing from what the user set', () => {
  const folder = mkdtempSync(join(tmpdir(), 'twelve-beginning-'));
  const store = openStore({ folder, create: true });
  const owner = store.users.create('ada@example.com').id;
  const create = (name: string) => store.apps.create(parseAppName(name), owner, 'debian-13');
  const pin = 'a'.repeat(40);
  const url = 'https://example.com/x.git';
  const beginning = {
    buildpacks: [url, 'node', url.replace('//', '//ada:s3cret@'), 'node'].map((reference) => ({
      reference,
      pin: reference === 'node' ? null : pin,
    })),
    formation: { web: { quantity: 3 } },
    postdeploy: null,
  };
  const started = (name: string, before: (id: string) => void) => {
    const app = create(name);
    before(app.id);
    store.transaction(() =>
      begin({ store, config: readConfig({}) }, app, beginning, { web: 'x' }, () => undefined),
    );
    const list = store.buildpacks.of(app.id).map((one) => one.reference);
    return [list, store.formations.of(app.id).map((one) => one.quantity)];
  };
  expect(started('fresh', () => undefined)).toEqual([[url, 'node'], [3]]);
  const web = [{ type: 'web', quantity: 1, size: 'standard-1x' }];
  const users = (id: string) => {
    store.buildpacks.replace(id, [{ reference: 'go', pin: null }]);
    store.formations.replace(id, web);
  };
  expect(started('known', users)).toEqual([['go'], [1]]);
  store.close();
  rmSync(folder, { recursive: true });
});

it('is what app.json says of the types there are, and as always of the others', () => {
  const lines: string[] = [];
  const wanted = {
    worker: { quantity: 2, size: 'Standard-2X' },
    clock: { size: 'eco' },
    release: { quantity: 1 },
    gone: { quantity: 1 },
    many: { quantity: 5000 },
  };
  const types = ['web', 'worker', 'clock', 'release', 'many', 'other'];
  expect(firstFormation(wanted, types, defaultSizes, (line) => lines.push(line))).toEqual([
    { type: 'web', quantity: 1, size: 'standard-1x' },
    { type: 'worker', quantity: 2, size: 'standard-2x' },
    { type: 'clock', quantity: 0, size: 'standard-1x' },
    { type: 'release', quantity: 0, size: 'standard-1x' },
    { type: 'many', quantity: 100, size: 'standard-1x' },
    { type: 'other', quantity: 0, size: 'standard-1x' },
  ]);
  expect(lines).toEqual([
    ' !     app.json: formation.gone is not used: there is no such process type.',
    ' !     app.json: formation.clock: there is no size "eco" here, standard-1x is used.',
    ' !     app.json: formation.many: 100 processes are the most.',
  ]);
});
