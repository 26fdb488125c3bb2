// The address check with a resolver of the test's own: what one bad address among good ones does, what is pinned.
import { isIP } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type CheckNeeds, createAddressCheck, ourselves } from '../../platform/address-check.ts';
import { hostAddresses } from '../../platform/engine/host-addresses.ts';

const check = (answers: Record<string, string[]>, more: Partial<CheckNeeds> = {}) =>
  createAddressCheck({
    own: () => ['10.213.0.0/16', '203.0.113.7'],
    names: ['apps.example'],
    lookupAll: async (host) => {
      if (!answers[host]) throw Object.assign(new Error('getaddrinfo failed'), { code: 'ENOTFOUND' });
      return answers[host];
    },
    ...more,
  });

describe('the address check', () => {
  it('gives what it judged, to be connected to', async () => {
    const resolve = check({ 'git.example': ['198.51.100.1', '2001:db8::1'] });
    expect(await resolve(new URL('https://git.example/x'))).toEqual({
      host: 'git.example',
      port: 443,
      addresses: ['198.51.100.1', '2001:db8::1'],
    });
    expect(await resolve(new URL('https://git.example:8443/x'))).toMatchObject({ port: 8443 });
  });

  it('looks up once for each check, so that a second answer is never connected to', async () => {
    const answers = [['198.51.100.1'], ['127.0.0.1']];
    const resolve = check({}, { lookupAll: async () => answers.shift()!, names: [] });
    expect((await resolve(new URL('https://rebind.example/'))).addresses).toEqual(['198.51.100.1']);
    await expect(resolve(new URL('https://rebind.example/'))).rejects.toThrow('a loopback address');
  });

  it.each([
    ['one of many is bad', ['198.51.100.1', '127.0.0.1'], 'leads to 127.0.0.1, a loopback address'],
    ['metadata', ['169.254.169.254'], 'leads to 169.254.169.254, a metadata address'],
    ['an app', ['10.213.4.2'], "leads to 10.213.4.2, an address of the platform's own"],
    ['the machine', ['203.0.113.7'], "leads to 203.0.113.7, an address of the platform's own"],
    ['mapped', ['::ffff:10.0.0.1'], 'an IPv4 address in IPv6 form'],
    ['link-local with its wire', ['fe80::1%eth0'], 'no IP address'],
  ])('refuses: %s', async (_name, addresses, sentence) => {
    const refusal = check({ 'git.example': addresses })(new URL('https://git.example/x'));
    await expect(refusal).rejects.toMatchObject({
      code: 'invalid_params',
      message: expect.stringContaining(sentence),
    });
    await expect(refusal).rejects.toThrow(/^git\.example leads to .*, and nothing is fetched from there\.$/);
  });

  it.each([
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://169.254.169.254/latest/meta-data',
    'https://203.0.113.7/',
  ])('refuses %s without asking anybody', async (url) => {
    const resolve = check({}, { lookupAll: () => Promise.reject(new Error('was asked')) });
    await expect(resolve(new URL(url))).rejects.toThrow(
      /^\S+ is an? .*, and nothing is fetched from there\.$/,
    );
  });

  it('refuses where the names of the platform lead, and not what else is called like it', async () => {
    const resolve = check({
      'apps.example': ['198.51.100.1'],
      'hello.apps.example': ['198.51.100.1'],
      'git.apps.example': ['198.51.100.2'],
    });
    for (const host of ['apps.example', 'hello.apps.example'])
      await expect(resolve(new URL(`https://${host}/`))).rejects.toThrow("an address of the platform's own");
    await expect(resolve(new URL('https://git.apps.example/'))).resolves.toBeDefined();
  });

  it('says when a name leads nowhere, or nobody answers', async () => {
    await expect(check({})(new URL('https://gone.example/'))).rejects.toThrow(
      'gone.example cannot be looked up (ENOTFOUND). Is the name right?',
    );
    await expect(check({ 'empty.example': [] })(new URL('https://empty.example/'))).rejects.toThrow(
      'empty.example has no address',
    );
    const silent = check({}, { lookupAll: () => new Promise(() => {}), timeoutMs: 10 });
    await expect(silent(new URL('https://slow.example/'))).rejects.toThrow(/no answer within 0\.01 s/);
    const reason = new Error('enough');
    await expect(silent(new URL('https://slow.example/'), AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it('knows the machine, its apps and its names from the settings, and asks the machine for addresses', async () => {
    const settings = {
      networks: '10.213.0.0/16',
      domain: 'localhost',
      publicUrl: 'https://twelve.example:8443',
    };
    const needs = ourselves(settings, hostAddresses);
    expect(needs.own()).toEqual(expect.arrayContaining(['127.0.0.1', '10.213.0.0/16']));
    expect(needs.own().filter((address) => !isIP(address))).toEqual(['10.213.0.0/16']);
    expect(needs.names).toEqual(['localhost', 'any.localhost', 'twelve.example']);
    const resolve = createAddressCheck({ own: needs.own, names: [] });
    await expect(resolve(new URL('https://localhost/'))).rejects.toThrow(/a loopback address/);
  });
});
