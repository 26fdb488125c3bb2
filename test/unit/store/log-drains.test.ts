// Log drains in the store: read again as they were, and sealed on the disk.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseAppName } from '../../../platform/domain/app.ts';
import { openStore } from '../../../platform/store/store.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('keeps drains of each app, and their URLs where nobody reads them', () => {
  const store = openStore({ folder, create: true });
  const owner = store.users.create('ada@example.com');
  const create = (name: string) => store.apps.create(parseAppName(name), owner.id, 'debian-13');
  const [one, two] = [create('one'), create('two')];
  const url = 'https://ada:hunter2@logs.example/in';
  const first = store.logDrains.add(one.id, { url, insecure: true });
  const second = store.logDrains.add(two.id, { url, insecure: false });
  expect(first).toMatchObject({ appId: one.id, url, insecure: true });
  expect(first.token).not.toBe(second.token);
  expect(store.logDrains.ofApp(one.id)).toEqual([first]);
  store.close();
  const bytes = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'));
  expect(bytes.join('')).toContain(first.token);
  expect(bytes.join('')).not.toContain('hunter2');

  const again = openStore({ folder });
  expect(again.logDrains.all()).toHaveLength(2);
  expect(again.logDrains.ofApp(two.id)).toEqual([second]);
  again.logDrains.remove(first.id);
  again.logDrains.removeAll(two.id);
  expect(again.logDrains.all()).toEqual([]);
  again.close();
});
