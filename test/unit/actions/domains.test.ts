// Names under and over the names of others: the exact one goes before the wildcard, so both are refused to strangers.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { addDomain } from '../../../platform/actions/domains.ts';
import { type App, parseAppName } from '../../../platform/domain/app.ts';
import type { User } from '../../../platform/domain/user.ts';
import { createGround, type Ground } from './ground.ts';

let ground: Ground;
let stranger: { user: User };
let theirs: App;

beforeEach(() => {
  ground = createGround();
  Object.assign(ground.platform.processes, { changed: async () => undefined });
  // Who comes first is the administrator.
  const owner = ground.store.users.create('owner@example.com');
  stranger = { user: ground.store.users.create('stranger@example.com') };
  ground.app = ground.store.apps.create(parseAppName('shop'), owner.id, 'debian-13');
  theirs = ground.store.apps.create(parseAppName('theirs'), stranger.user.id, 'debian-13');
});
afterEach(() => ground[Symbol.dispose]());

const names = (): string[] => ground.store.domains.ofApp(theirs.id).map(({ hostName }) => hostName);

it.each([
  ['login.example.org', 'is among *.example.org'],
  ['*.example.net', 'would stand for a name that is a domain of another app'],
  ['shop.example.net', 'is a domain of another app'],
])('%s is refused to who does not work on the other app, which is not named', async (wanted, sentence) => {
  const { platform, app, caller } = ground;
  for (const name of ['*.example.org', 'shop.example.net']) await addDomain(platform, app, caller, name);
  const adding = addDomain(platform, theirs, stranger, wanted);
  await expect(adding).rejects.toMatchObject({
    code: 'invalid_params',
    message: expect.stringContaining(sentence),
  });
  await expect(adding).rejects.not.toMatchObject({ message: expect.stringMatching(/\bshop\b(?!\.example)/) });
  expect(names()).toEqual([]);
});

it('who works on both may, and so may anybody beside and below', async () => {
  const { platform, app, store, caller } = ground;
  for (const name of ['*.example.org', 'shop.example.net']) await addDomain(platform, app, caller, name);
  const beside = [
    '*.a.example.org',
    'a.b.example.org',
    'example.org',
    '*.shop.example.net',
    'other.example.net',
  ];
  for (const name of beside) await addDomain(platform, theirs, stranger, name);
  store.collaborators.add(app.id, stranger.user.id);
  await addDomain(platform, theirs, stranger, 'login.example.org');
  expect(names()).toEqual([...beside, 'login.example.org'].sort());
});
