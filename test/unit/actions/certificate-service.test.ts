// The platform's own certificates through the years: a real store, and a clock in the test.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCertificateService } from '../../../platform/actions/certificate-service.ts';
import { addCertificate } from '../../../platform/actions/certificates.ts';
import { certificatesEnding } from '../../../platform/actions/certificates-ending.ts';
import { fingerprintOf } from '../../../platform/certificates/authority.ts';
import type { Config } from '../../../platform/config.ts';
import { parseHostName } from '../../../platform/domain/host-name.ts';
import { makeCertificate } from '../../support/certificates.ts';
import { createGround, type Ground } from './ground.ts';

const day = 86_400_000;
let ground: Ground;
let days: number;
beforeEach(() => {
  ground = createGround();
  days = 0;
});
afterEach(() => ground[Symbol.dispose]());

async function serviceOf(speaksTls = true) {
  const config = {
    ...ground.platform.config,
    domain: 'apps.test',
    publicUrl: null,
    apiTls: speaksTls ? { host: '127.0.0.1', port: 5443 } : null,
  } as Config;
  const { store } = ground;
  const service = await createCertificateService({
    ...{ store, config },
    router: { secure: async () => undefined },
    now: () => new Date(Date.now() + days * day),
    onProblem: (message) => expect.unreachable(message),
  });
  return { platform: { ...ground.platform, config, certificates: service }, service };
}

test('an added certificate that has expired gives way to the own one, with which one can log in', async () => {
  const { platform, service } = await serviceOf();
  const added = await makeCertificate('apps.test', { names: ['apps.test'], to: 90 });
  await addCertificate(platform, null, ground.caller, added);
  const shown = (): string => fingerprintOf(service.pairFor('apps.test').chain);
  expect(shown()).toBe(fingerprintOf(added.chain));
  days = 91;
  expect(shown()).toBe(fingerprintOf(service.pairFor(null).chain));
  await service.close();
});

test('added ones that are in use and end soon are told, until their successor is there', async () => {
  const { platform, service } = await serviceOf();
  const { store, app, caller } = ground;
  const add = async (owner: typeof app | null, names: string[], to: number): Promise<string> =>
    (await addCertificate(platform, owner, caller, await makeCertificate(names[0]!, { names, to }))).name;
  const address = { host: '127.0.0.1', port: 443 };
  const told = (listening: Partial<Config> = { https: address }) => {
    const config = { ...platform.config, https: null, ...listening };
    const ending = certificatesEnding({ store, config }, new Date(Date.now() + days * day));
    return ending.map(({ app: of, name, host }) => [of, name, host]);
  };
  store.domains.add(app.id, parseHostName('www.shop.test'));
  const own = await add(app, ['www.shop.test'], 13);
  // Nobody is served with it.
  await add(app, ['old.shop.test'], 5);
  const servers = await add(null, ['*.apps.test', 'apps.test'], 20);
  expect(told()).toEqual([['hello', own, 'www.shop.test']]);
  days = 25;
  expect(told()).toEqual([
    ['hello', own, 'www.shop.test'],
    [null, servers, 'hello.apps.test'],
  ]);
  await add(app, ['www.shop.test'], 90);
  expect(told()).toEqual([[null, servers, 'hello.apps.test']]);
  // Where the API alone is served over TLS, and where nothing is.
  expect(told({ apiTls: address })).toEqual([[null, servers, 'apps.test']]);
  expect(told({ apiTls: null })).toEqual([]);
  await service.close();
});

test('the own authority stays the same for ten years, and is made anew before it ends', async () => {
  const { service } = await serviceOf();
  const { fingerprint } = await service.authority();
  days = 3600;
  await service.changed();
  expect((await service.authority()).fingerprint).toBe(fingerprint);
  days = 3640;
  await service.changed();
  const { pem, fingerprint: next } = await service.authority();
  expect(next).not.toBe(fingerprint);
  expect(service.pairFor(null).chain).toContain(pem.trim());
  await service.close();
});

test('an own authority that could not be stored is made when it is asked for again', async () => {
  const { service } = await serviceOf(false);
  const { ownKeys } = ground.store;
  const { put } = ownKeys;
  ownKeys.put = () => {
    throw new Error('The disk is full.');
  };
  await expect(service.authority()).rejects.toThrow('The disk is full.');
  ownKeys.put = put;
  await service.changed();
  expect((await service.authority()).fingerprint).toMatch(/^[0-9A-F]{2}:/);
  await service.close();
});
