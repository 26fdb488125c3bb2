// More of what static.json says, and sites that node has built beside a server: what is honoured, and what is refused.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Builds, type Files, ourBuildpacks, startBuilds } from './builds.ts';
import { runInStack, textsOf } from './stack.ts';

const sample = (name: string) => join(ourBuildpacks, 'static', 'test', name);
const start = '.heroku/static/start';

let builds: Builds;

beforeAll(async () => {
  builds = await startBuilds();
});
afterAll(() => builds[Symbol.asyncDispose]());

const site = (settings: object, files: Files = {}): Files => ({
  'static.json': JSON.stringify(settings),
  'index.html': '<p>page</p>\n',
  ...files,
});

/** What a script prints beside the running site, which answers at $at and logs to /tmp/log. */
async function beside(tree: string, script: string, env: Record<string, string> = {}): Promise<string> {
  const serving = `at="http://127.0.0.1:$PORT"; ${start} >/tmp/log 2>/tmp/problems & site=$!
curl -sS -o /dev/null --retry 100 --retry-delay 0 --retry-connrefused "$at/" 2>/dev/null
${script}
kill $site; wait $site`;
  return (await runInStack(builds, tree, serving, { env })).trimEnd();
}

describe('encoding', () => {
  const type = (path: string) => `curl -s -o /dev/null -w '%{content_type}\\n' "$at/${path}"`;

  test('is said of texts and of nothing else; without it they are utf-8', async () => {
    const files = { 'a.txt': 'a', 'a.css': 'b{}', 'a.png': 'x' };
    const script = [type(''), type('a.txt'), type('a.css'), type('a.png')].join('\n');
    const latin = await builds.build(site({ encoding: 'ISO-8859-1' }, files));
    expect((await beside(latin.app, script)).toLowerCase().split('\n')).toEqual([
      'text/html; charset=iso-8859-1',
      'text/plain; charset=iso-8859-1',
      'text/css; charset=iso-8859-1',
      'image/png',
    ]);
    const usual = await builds.build(site({}, files));
    expect((await beside(usual.app, type('a.txt'))).toLowerCase()).toBe('text/plain; charset=utf-8');
  });
});

describe('logging', () => {
  const ask = 'curl -s -o /dev/null "$at/?asked"; curl -s -o /dev/null "$at/missing.txt"; cat /tmp/log';

  test('of requests can be turned off, and problems are told all the same, as much of them as is asked for', async () => {
    const proxies = { '/api': { origin: 'http://127.0.0.1:9' } };
    const failing = 'curl -s -o /dev/null "$at/api/x"; cat /tmp/log /tmp/problems';
    const quiet = await builds.build(site({ logging: { access: false }, proxies }));
    const said = await beside(quiet.app, `${ask}; ${failing}`);
    expect(said).not.toContain('method=GET');
    expect(said).toMatch(/\[error\].*connect\(\) failed \(111: Connection refused\)/);
    const loud = await builds.build(site({ logging: { error: 'crit' }, proxies }));
    const told = await beside(loud.app, `${ask}; ${failing}`);
    expect(told).toMatch(/method=GET path="\/\?asked" .*status=200/);
    expect(told).toMatch(/method=GET path="\/missing\.txt" .*status=404/);
    expect(told).toMatch(/method=GET path="\/api\/x" .*status=502/);
    expect(told).not.toContain('Connection refused');
  });
});

describe('proxies', () => {
  /** Says what it was asked, and sends elsewhere below its own path. */
  const origin = `cat >/tmp/origin.py <<'PY'
import http.server
class Origin(http.server.BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get('content-length') or 0)).decode()
        self.send_response(302 if 'moved' in self.path else 200)
        if 'moved' in self.path: self.send_header('Location', 'http://127.0.0.1:7000/v1/there')
        self.end_headers()
        self.wfile.write(f"{self.command} {self.path} host={self.headers['host']} from={self.headers['x-forwarded-host']} upgrade={self.headers['upgrade']} {body}".encode())
    do_GET = do_POST = answer
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(('127.0.0.1', 7000), Origin).serve_forever()
PY
python3 /tmp/origin.py & origin=$!
curl -s -o /dev/null --retry 100 --retry-delay 0 --retry-connrefused http://127.0.0.1:7000/ 2>/dev/null
`;

  test('hand on method, query, body, the host that was asked and a wish for a WebSocket; files come first, redirects are led back', async () => {
    const proxies = { '/api/': { origin: `http://127.0.0.1:7000/v1/` }, '/whole': { origin: `\${WHOLE}` } };
    const { app } = await builds.build(site({ proxies }, { 'api/file.txt': 'a file' }));
    const script = `${origin}
curl -s "$at/api/users?page=2" -H 'Host: shop.example.com'; echo
curl -s "$at/api/users" -d name=ann -H 'Host: shop.example.com'; echo
curl -s "$at/api/file.txt"; echo
curl -s -o /dev/null -w '%{http_code} %{redirect_url}\\n' "$at/api/moved"
curl -s "$at/whole/x" -H 'Upgrade: websocket' -H 'Connection: Upgrade'; echo
curl -s -o /dev/null -w '%{http_code}\\n' "$at/apis"
kill $origin`;
    const said = (await beside(app, script, { WHOLE: 'http://127.0.0.1:7000' })).split('\n');
    expect(said.slice(0, 6)).toEqual([
      'GET /v1/users?page=2 host=127.0.0.1:7000 from=shop.example.com upgrade=None ',
      'POST /v1/users host=127.0.0.1:7000 from=shop.example.com upgrade=None name=ann',
      'a file',
      '302 http://127.0.0.1:5006/api/there',
      'GET /x host=127.0.0.1:7000 from=127.0.0.1:5006 upgrade=websocket ',
      '404',
    ]);
  });

  test('an origin that does not answer is 502, and the rest of the site goes on', async () => {
    const { app } = await builds.build(site({ proxies: { '/api': { origin: 'http://127.0.0.1:9' } } }));
    const script = `for path in /api/x /; do curl -s -o /dev/null -w '%{http_code}\\n' "$at$path"; done`;
    expect((await beside(app, script)).split('\n').slice(0, 2)).toEqual(['502', '200']);
  });
});

test('what these three cannot be is refused by name, before anything runs', async () => {
  const refused = async (settings: object) => (await builds.failure(site(settings))).message;
  expect(
    await refused({
      encoding: 8,
      logging: { access: 'no', error: 'loud' },
      proxies: {
        api: { origin: 'https://a.example' },
        '/b': 'https://b.example',
        '/c': { origin: 'ftp://c' },
      },
    }),
  ).toBe(
    [
      'static.json: encoding has to be text, for example "utf-8".',
      'static.json: proxies: "api" has to begin with "/".',
      'static.json: proxies: the origin of "/b" has to be a whole address, for example "https://api.example.com".',
      'static.json: proxies: the origin of "/c" has to be a whole address, for example "https://api.example.com".',
      'static.json: logging: access has to be true or false.',
      'static.json: logging: error has to be one of debug, info, notice, warn, error, crit.',
    ].join('\n'),
  );
  expect(await refused({ encoding: 'no such set' })).toBe(
    'static.json: encoding has to be the name of a character set, for example "utf-8".',
  );
});

describe('a site that node has built', () => {
  test('one with a server among its dependencies is not: what to add is told (E11)', async () => {
    const files = await onlyBuilt();
    const own = JSON.parse(files['package.json']!) as object;
    const served: Files = {
      ...files,
      'package.json': JSON.stringify({ ...own, dependencies: { koa: 'file:koa' } }),
      'koa/package.json': '{"name":"koa","version":"1.0.0"}',
    };
    const options = { app: 'only-built' };
    const failure = await builds.failure(served, options);
    expect(failure).toMatchObject({
      id: 'E11',
      message: expect.stringMatching(
        /built to out\/: add static\.json with \{"root":"out"\}, and a file \.buildpacks with the lines "node" and "static"\.$/,
      ),
    });
    expect(failure.lines).toContain(
      '       There are built pages, and a server too (koa): it is for the app to say what starts.',
    );
    const followed = { ...served, 'static.json': '{"root":"out"}', '.buildpacks': 'node\nstatic\n' };
    const { tree, lines } = await builds.build(followed, options);
    expect(tree.processTypes).toEqual({ web: start });
    expect(lines.filter((line) => line.includes('Serving out/'))).toHaveLength(1);
    const listed = { ...options, buildpacks: [{ reference: 'node', pin: null }] };
    expect((await builds.failure(served, listed)).message).toContain('"twelve buildpacks:add static"');
  });

  test('with a static.json that names no folder, the defaults of static hold', async () => {
    const own = { name: 'pages', version: '1.0.0' };
    const files: Files = {
      'package.json': JSON.stringify(own),
      'package-lock.json': JSON.stringify({
        ...own,
        lockfileVersion: 3,
        requires: true,
        packages: { '': own },
      }),
      'static.json': '{"clean_urls":true}',
      'index.html': 'home',
    };
    const whole = await builds.build(files, { app: 'whole-source' });
    expect(whole.lines).toContain('       Serving the whole source (default)');
    const inPublic = { ...files, 'public/index.html': 'public' };
    const { lines } = await builds.build(inPublic, { app: 'in-public' });
    expect(lines).toContain('       Serving public/ (default)');
  });

  async function onlyBuilt(): Promise<Files> {
    const { '.buildpacks': _, ...front } = await textsOf(sample('front-end'));
    return { ...front, 'src/build.js': front['src/build.js']!.replaceAll('dist', 'out') };
  }
});
