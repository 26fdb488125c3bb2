// Names that the platform and an app both claim: refused when an app asks for one, the platform's where an app had it before.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createApp, hostsOf, renameApp } from '../../../platform/actions/apps.ts';
import { servedCertificates } from '../../../platform/actions/certificates.ts';
import { addDomain, ownNamesTaken } from '../../../platform/actions/domains.ts';
import { checkCertificate } from '../../../platform/certificates/check.ts';
import { parseHostName } from '../../../platform/domain/host-name.ts';
import { makeCertificate } from '../../support/certificates.ts';
import { createGround, type Ground } from './ground.ts';

let ground: Ground;

/** The platform comes to be called so. */
const callIt = (publicUrl: string): void => void Object.assign(ground.platform.config, { publicUrl });

beforeEach(() => {
  ground = createGround();
});
afterEach(() => ground[Symbol.dispose]());

test('no app gets one, as a domain, a wildcard or by its own name', async () => {
  const { platform, app, caller, store } = ground;
  callIt('https://paas.test');
  const refused = { code: 'invalid_params' };
  await expect(createApp(platform, caller, 'paas')).rejects.toMatchObject(refused);
  await expect(renameApp(platform, app, 'paas')).rejects.toMatchObject(refused);
  callIt('https://paas.example.com');
  for (const name of ['paas.example.com', '*.example.com'])
    await expect(addDomain(platform, app, caller, name)).rejects.toMatchObject(refused);
  expect(store.apps.list().map(({ name }) => name)).toEqual(['hello']);
  expect(hostsOf(platform, app)).toEqual(['hello.test']);
  expect(ownNamesTaken(platform)).toEqual([]);
});

test('what an app had before leads to it no more, is told, and is served with a certificate of the platform', async () => {
  const { platform, app, store } = ground;
  for (const name of ['paas.example.com', '*.example.com', 'www.example.com'])
    store.domains.add(app.id, parseHostName(name));
  const own = await makeCertificate('paas.example.com', { names: ['paas.example.com'] });
  const checked = checkCertificate(own.chain, own.key, new Date());
  store.certificates.add({ appId: app.id, name: 'of-the-app', source: 'added', directory: null, ...checked });
  expect(servedCertificates(platform, new Date())).toMatchObject([{ hosts: ['paas.example.com'] }]);
  callIt('https://paas.example.com');
  expect(hostsOf(platform, app)).toEqual(['hello.test', '*.example.com', 'www.example.com']);
  expect(ownNamesTaken(platform)).toEqual([
    expect.stringContaining('though *.example.com, a domain of hello'),
    expect.stringContaining('domains:remove paas.example.com -a hello'),
  ]);
  expect(servedCertificates(platform, new Date())).toEqual([]);
  callIt('https://hello.test');
  expect(hostsOf(platform, app)).toEqual(['*.example.com', 'paas.example.com', 'www.example.com']);
  expect(ownNamesTaken(platform)).toEqual([expect.stringContaining('apps:rename NEW-NAME -a hello')]);
});
