// Requests to routes, as values.
import { describe, expect, it } from 'vitest';
import { routeOf } from '../../../platform/git/route.ts';

const route = (method: string, url: string, headers: Record<string, string> = {}) =>
  routeOf({ method, url, headers });

describe('routes', () => {
  it('knows what git asks for', () => {
    expect(route('GET', '/hello.git/info/refs?service=git-receive-pack')).toEqual({
      kind: 'advertise',
      app: 'hello',
      service: 'receive-pack',
      protocol: null,
    });
    const headers = {
      'content-type': 'application/x-git-upload-pack-request',
      'git-protocol': 'version=2',
      'content-encoding': 'gzip',
    };
    expect(route('POST', '/hello.git/git-upload-pack', headers)).toEqual({
      kind: 'serve',
      app: 'hello',
      service: 'upload-pack',
      protocol: 'version=2',
      gzip: true,
    });
  });

  it('leaves other paths alone', () => {
    for (const url of [
      '/',
      '//',
      '/apps',
      '/apps/hello',
      '/x/hello.git/info/refs',
      '/hello/info/refs',
      '',
      '*',
    ]) {
      expect(route('GET', url).kind).toBe('other');
    }
  });

  it.each([
    ['GET', '/hello.git/info/refs', {}, 403, /smart HTTP/],
    ['GET', '/hello.git/info/refs?service=git-evil', {}, 403, /smart HTTP/],
    ['GET', '/hello.git/info/refs?service=constructor', {}, 403, /smart HTTP/],
    ['GET', '/hello.git/HEAD', {}, 403, /smart HTTP/],
    ['GET', '/hello.git', {}, 404, /git clone/],
    ['POST', '/hello.git/info/refs?service=git-upload-pack', {}, 405, /GET/],
    ['GET', '/hello.git/git-upload-pack', {}, 405, /POST/],
    ['POST', '/hello.git/git-upload-pack', { 'content-type': 'text/plain' }, 415, /takes application/],
    [
      'POST',
      '/hello.git/git-receive-pack',
      { 'content-type': 'application/x-git-receive-pack-request', 'content-encoding': 'br' },
      415,
      /gzip/,
    ],
    ['GET', '/hello/info/refs?service=git-upload-pack', {}, 404, /use hello\.git/],
  ])('refuses %s %s %o with %i', (method, url, headers, status, message) => {
    expect(route(method, url, headers as Record<string, string>)).toEqual({
      kind: 'refused',
      status,
      message: expect.stringMatching(message),
    });
  });

  it('passes only a protocol of the right form on', () => {
    const url = '/hello.git/info/refs?service=git-upload-pack';
    expect(route('GET', url, { 'git-protocol': 'version=2\nX=1' })).toMatchObject({ protocol: null });
    expect(route('GET', url, { 'git-protocol': 'version=1:x' })).toMatchObject({ protocol: 'version=1:x' });
  });
});
