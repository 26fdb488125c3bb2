// An app's own list: fixed when it is set, kept when it is sent back, moved when the user says so.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { removeBuildpack, setBuildpacks, updateBuildpacks } from '../../../platform/actions/buildpacks.ts';
import type { Caller, Platform } from '../../../platform/actions/context.ts';
import { createCollection } from '../../../platform/build/collection.ts';
import { pinBuildpack } from '../../../platform/build/gather.ts';
import { type App, parseAppName } from '../../../platform/domain/app.ts';
import { openStore, type Store } from '../../../platform/store/store.ts';
import { type Elsewhere, startElsewhere } from '../../support/elsewhere.ts';
import { commit, must } from '../git/support.ts';

let elsewhere: Elsewhere;
beforeAll(async () => {
  elsewhere = await startElsewhere();
});
afterAll(() => elsewhere[Symbol.asyncDispose]());

let folder: string;
let store: Store;
let app: App;
let caller: Caller;
let platform: Platform;
let said: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-list-'));
  store = openStore({ folder, create: true });
  caller = { user: store.users.create('ada@example.com') };
  app = store.apps.create(parseAppName('hello'), caller.user.id, 'debian-13');
  said = [];
  const collection = createCollection({ folder: join(folder, 'kept'), fetchers: elsewhere.fetchers });
  platform = {
    store,
    requireSpace: async () => {},
    builder: { pinBuildpack: (text: string, signal: AbortSignal) => pinBuildpack(collection, text, signal) },
    logs: { write: (_: string, line: { text: string }) => void said.push(line.text) },
  } as unknown as Platform;
});
afterEach(async () => {
  store.close();
  await rm(folder, { recursive: true });
});

const pack = { 'bin/detect': '#!/bin/sh\n', 'bin/compile': '#!/bin/sh\n' };
const signal = new AbortController().signal;
const set = async (...references: string[]) =>
  (await setBuildpacks(platform, app, caller, references, signal)).map(({ shown, pin }) => [shown, pin]);
const update = async (which?: string) =>
  (await updateBuildpacks(platform, app, caller, which, signal)).map((one) => one.pin);

it('is fixed when it is set, and stays so while it is sent back and its branch goes on', async () => {
  const work = await elsewhere.remote.repository('moving.git', pack);
  const first = await must(work, 'rev-parse', 'HEAD');
  const url = elsewhere.remote.url('moving.git#main');
  expect(await set('heroku/nodejs', url)).toEqual([
    ['node', null],
    [url, first],
  ]);
  const second = await commit(work, { new: 'x' });
  await elsewhere.remote.publish('moving.git');
  expect(await set('apt', 'node', url)).toEqual([
    ['apt', null],
    ['node', null],
    [url, first],
  ]);
  expect(await update()).toEqual([null, null, second]);
  expect(await update(url.replace('#main', ''))).toEqual([null, null, second]);
  expect(said[0]).toBe(`Set buildpacks to node, ${url} by user ada@example.com`);
  expect(await set()).toEqual([]);
});

it('keeps the login that a URL was given with, when it comes back without', async () => {
  await elsewhere.remote.repository('private.git', pack);
  const { before } = elsewhere.remote;
  elsewhere.remote.before = (request, response) => {
    if (request.headers.authorization) return false;
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    return true;
  };
  const url = elsewhere.remote.url('private.git');
  await set(url.replace('//', '//ada:s3cret@'));
  expect(store.buildpacks.of(app.id)[0]!.shown).toBe(url);
  await set('apt', url);
  expect(store.buildpacks.of(app.id)[1]!.reference).toContain('ada:s3cret@');
  expect(await update(url)).toEqual([null, expect.stringMatching(/^[0-9a-f]{40}$/)]);
  expect(said.join()).not.toContain('s3cret');
  elsewhere.remote.before = before;
});

it('one is removed by any of its names, and by its URL with a login or without', async () => {
  const remove = (which: string) => removeBuildpack(platform, app, caller, which).map(({ shown }) => shown);
  const url = 'https://example.com/x.git';
  const list = [
    ...['node', 'apt', 'python'].map((reference) => ({ reference, pin: null })),
    { reference: 'https://ada:s3cret@example.com/x.git#v1', pin: 'a'.repeat(40) },
    { reference: 'https://ada:s3cret@example.com/x.git#v2', pin: 'b'.repeat(40) },
  ];
  store.transaction(() => store.buildpacks.replace(app.id, list));
  expect(remove('heroku/nodejs')).toEqual(['apt', 'python', `${url}#v1`, `${url}#v2`]);
  expect(remove('urn:buildpack:heroku/python')).toEqual(['apt', `${url}#v1`, `${url}#v2`]);
  expect(remove('https://ada:s3cret@example.com/x.git#v2')).toEqual(['apt', `${url}#v1`]);
  expect(store.buildpacks.of(app.id)[1]).toMatchObject({
    pin: 'a'.repeat(40),
    reference: list[3]!.reference,
  });
  for (const unknown of [
    'heroku/go',
    'http://ada:s3cret@example.com/y.git',
    'https://ada:s3cret@example.com/y.git',
  ])
    expect(() => remove(unknown)).toThrow(/^hello does not use a buildpack "((?!s3cret).)*Its list: apt, /);
  expect(remove(url)).toEqual(['apt']);
  expect(said.join()).not.toContain('s3cret');
});

it('is refused whole: unknown, twice the same, unreachable, too many', async () => {
  await set('apt');
  await expect(set('apt', 'nod')).rejects.toThrow(/There is no buildpack called "nod"\. Did you mean node\?/);
  await expect(set('node', 'heroku/nodejs')).rejects.toThrow(
    'The buildpack node is already set on your app.',
  );
  await expect(set('node', 'https://127.0.0.1/x.git')).rejects.toThrow(/a loopback address/);
  await expect(set(...Array.from({ length: 51 }, (_, n) => `x${n}`))).rejects.toThrow(
    /may have 50 buildpacks/,
  );
  await expect(update('go')).rejects.toThrow('hello does not use a buildpack "go". Its list: apt.');
  expect(store.buildpacks.of(app.id)).toMatchObject([{ shown: 'apt' }]);
});

it('what somebody sets while another one’s are fetched is not written over', async () => {
  await elsewhere.remote.repository('slow.git', pack);
  const url = elsewhere.remote.url('slow.git');
  const { pinBuildpack: pin } = platform.builder;
  platform.builder.pinBuildpack = async (text, stop) => {
    const pinned = await pin(text, stop);
    if (text === url)
      store.transaction(() => store.buildpacks.replace(app.id, [{ reference: 'apt', pin: null }]));
    return pinned;
  };
  await set('node');
  await expect(set('node', url)).rejects.toMatchObject({ code: 'conflict' });
  expect(store.buildpacks.of(app.id).map(({ shown }) => shown)).toEqual(['apt']);
  expect(await set('apt', 'node')).toEqual([
    ['apt', null],
    ['node', null],
  ]);
});
