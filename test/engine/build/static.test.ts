// The static buildpack on the real engine: sites are built, checked, and served by the stack's nginx as static.json says.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Builds, type Files, ourBuildpacks, startBuilds } from './builds.ts';
import { runInStack, textsOf } from './stack.ts';

const sample = (name: string) => join(ourBuildpacks, 'static', 'test', name);
const start = '.heroku/static/start';

/** Starts the site in a process group of its own and waits until it answers. */
const serving = `setsid ${start} >/tmp/log 2>&1 & site=$!
curl -sS -o /dev/null --retry 100 --retry-delay 0 --retry-connrefused "http://127.0.0.1:$PORT/" 2>/dev/null || cat /tmp/log
get() { curl -s --path-as-is "$@" -w '%{http_code} %{redirect_url}\\n' -o /tmp/body; cat /tmp/body; }
at="http://127.0.0.1:$PORT"
`;

let builds: Builds;

beforeAll(async () => {
  builds = await startBuilds();
});
afterAll(() => builds[Symbol.asyncDispose]());

/** What a script prints that talks to the running site. */
async function ask(tree: string, script: string, env: Record<string, string> = {}): Promise<string> {
  return (await runInStack(builds, tree, serving + script, { env })).replace(/\n$/, '');
}

/** Status and first line for one path, with curl's further arguments. */
const one = (tree: string, path: string, args = '', env: Record<string, string> = {}) =>
  ask(tree, `get "$at${path}" ${args}`, env);

const headers = async (tree: string, path: string, env: Record<string, string> = {}) =>
  (await ask(tree, `curl -s -D - -o /dev/null "$at${path}"`, env)).toLowerCase();

describe('a site with a static.json', () => {
  const env = { API_ORIGIN: 'http://127.0.0.1:7000' };
  let site: string;

  test('is built and answers', async () => {
    const built = await builds.build(sample('site'));
    expect(built.lines).toContain('       Serving public_html/ (static.json)');
    expect(built.tree.processTypes).toEqual({ web: start });
    expect(built.tree.created).toEqual(['.heroku']);
    site = built.app;
    expect(await runInStack(builds, site, start, { web: true, env })).toBe(
      '<h1>hello from a static site</h1>\n',
    );
  });

  test('files, clean URLs, redirects, routes, 404: in this order', async () => {
    const paths = ['/about', '/docs', '/docs/', '/old/page', '/blog/z', '/app/x/y', '/by-id/7', '/by-id/7/8'];
    const script = paths.map((path) => `get "$at${path}" | grep -v '^<[^h]\\|^<hr\\|^</\\|^$'`).join('\n');
    const answers = (await ask(site, script, env)).split('\n').filter((line) => !/^<h(tml|ead)/.test(line));
    expect(answers).toEqual([
      ...['200 ', '<h1>about</h1>'],
      '301 http://127.0.0.1:5006/docs/',
      ...['200 ', '<h1>docs</h1>'],
      '301 http://127.0.0.1:5006/about',
      '302 https://blog.example.com/?from=$here',
      ...['200 ', '<h1>hello from a static site</h1>'],
      ...['200 ', '<h1>about</h1>'],
      ...['404 ', '<h1>nothing here</h1>'],
    ]);
  });

  test('of the rules for headers the last that matches counts, alone; names by content may be kept', async () => {
    const page = await headers(site, '/', env);
    expect(page).toContain('x-frame-options: deny');
    expect(page).toContain('x-price: 5 "$" \\ each');
    expect(page).not.toContain('cache-control');
    const docs = await headers(site, '/docs/', env);
    expect(docs).toContain('x-frame-options: sameorigin');
    expect(docs).not.toContain('x-price');
    expect(await headers(site, '/assets/app-B7x2kQ9z.js', env)).toContain('max-age=31536000, immutable');
    expect(await headers(site, '/assets/plain.css', env)).not.toContain('cache-control');
  });

  test('a proxy hands its paths to the origin, which a config var names', async () => {
    const origin = `mkdir -p /tmp/origin/v1 && echo 'from the origin' >/tmp/origin/v1/users
(cd /tmp/origin && exec python3 -m http.server 7000 >/dev/null 2>&1) & origin=$!
curl -s -o /dev/null --retry 100 --retry-delay 0 --retry-connrefused http://127.0.0.1:7000/ 2>/dev/null
get "$at/api/users?page=1"; kill $origin`;
    expect(await ask(site, origin, env)).toBe('200 \nfrom the origin');
    expect(await runInStack(builds, site, `${start}; echo "status $?"`)).toBe(
      'static: proxies: the origin of "/api/" in static.json needs the config var API_ORIGIN, which is not set.\nstatus 78\n',
    );
  });

  test("nothing of the platform's is handed out, nor what is outside of the root", async () => {
    const paths = ['/.heroku/static/site.json', '/static.json', '/../static.json', '/.twelve-static/route/x'];
    const script = paths.map((path) => `get "$at${path}" | head -n 1`).join('\n');
    expect((await ask(site, script, env)).split('\n')).toEqual(['404 ', '404 ', '400 ', '404 ']);
  });

  test('requests are logged', async () => {
    expect(await ask(site, 'get "$at/about?x=1" -H "X-Request-ID: abc"; cat /tmp/log', env)).toMatch(
      /method=GET path="\/about\?x=1" host="127\.0\.0\.1" status=200 bytes=15 duration=\S+ client="-" request_id="abc"/,
    );
  });

  test('on SIGTERM an open request is finished, and the process ends well', async () => {
    await writeFile(join(site, 'public_html/large.bin'), Buffer.alloc(40 * 1_048_576));
    const script = `curl -s --limit-rate 20M -o /tmp/large "$at/large.bin" & client=$!
until [ -s /tmp/large ]; do sleep 0.05; done
kill -TERM -- -$site; wait $client; echo "curl $?, $(stat -c %s /tmp/large) bytes"; wait $site; echo "site $?"`;
    expect(await ask(site, script, env)).toBe('curl 0, 41943040 bytes\nsite 0');
  });
});

describe('what browsers keep', () => {
  const page: Files = { 'index.html': '<p>one</p>\n', 'other.css': 'b{}' };
  const again = `tag=$(curl -s -D - -o /dev/null "$at/other.css" | tr -d '\\r' | sed -n 's/^ETag: //p')
echo "$tag"; curl -s -o /dev/null -w '%{http_code}\\n' -H "If-None-Match: \${ASK:-$tag}" "$at/other.css"`;

  test('holds as long as nothing was changed, whatever the times of files say', async () => {
    const first = await builds.build(page);
    const [tag, status] = (await ask(first.app, again)).split('\n');
    expect(status).toBe('304');
    const same = await builds.build(page);
    expect(await ask(same.app, again, { ASK: tag! })).toBe(`${tag}\n304`);
    // The same length and, in a slug, the same time.
    const other = await builds.build({ ...page, 'other.css': 'i{}' });
    expect((await ask(other.app, again, { ASK: tag! })).split('\n')[1]).toBe('200');
  });
});

describe('without a static.json', () => {
  test('an index.html in the root is enough; the files of the platform stay hidden', async () => {
    const { app, lines } = await builds.build({ 'index.html': '<p>bare</p>\n', 'app.json': '{}' });
    expect(lines).toContain('-----> Using buildpack: static');
    expect(lines).toContain('       Serving the whole source (default)');
    expect(await runInStack(builds, app, start, { web: true })).toBe('<p>bare</p>\n');
    expect((await one(app, '/app.json')).split('\n')[0]).toBe('404 ');
  });

  test('beside what looks like a program it is not: that source would be handed out', async () => {
    const failure = await builds.failure({ 'index.html': '', 'server.js': '' });
    expect(failure.id).toBe('E1');
    const named = await builds.failure({ 'index.html': '', 'app.py': '', '.buildpacks': 'static\n' });
    expect(named.message).toContain('There is an index.html, but also app.py: add a static.json');
  });

  test('a front-end that node has built is served from dist', async () => {
    const { app, lines, tree } = await builds.build(sample('front-end'));
    expect(lines).toContain('-----> Using buildpacks: node, static');
    expect(lines).toContain('       Serving dist/ (default)');
    expect(tree.processTypes).toEqual({ web: start });
    expect(await runInStack(builds, app, start, { web: true })).toBe('<p>built by Node 24</p>\n');
  });

  test('one that was only built says what to add (E11), and with that it is served', async () => {
    const front = await textsOf(sample('front-end'));
    const built: Files = { ...front, 'src/build.js': front['src/build.js']!.replaceAll('dist', 'out') };
    const { '.buildpacks': _, ...bare } = built;
    const options = { app: 'only-built' };
    expect(await builds.failure(bare, options)).toMatchObject({
      id: 'E11',
      message: expect.stringMatching(
        /built to out\/: add static\.json with \{"root":"out"\}, and a file \.buildpacks with the lines "node" and "static"\.$/,
      ),
    });
    const followed = { ...bare, 'static.json': '{"root":"out"}', '.buildpacks': 'node\nstatic\n' };
    const { tree } = await builds.build(followed, options);
    expect(tree.processTypes).toEqual({ web: start });
    const listed = { ...options, buildpacks: [{ reference: 'node', pin: null }] };
    expect((await builds.failure(bare, listed)).message).toContain('"twelve buildpacks:add static"');
  });
});

describe('settings', () => {
  const site = (settings: object): Files => ({
    'static.json': JSON.stringify(settings),
    'index.html': '<p>page</p>\n',
  });

  test('https_only and canonical_host redirect; without the config var there is no canonical host', async () => {
    const { app } = await builds.build(site({ https_only: true, canonical_host: `\${HOST_NAME}` }));
    expect((await one(app, '/x?y=1', '-H "X-Forwarded-Proto: http"')).split('\n')[0]).toBe(
      '301 https://127.0.0.1/x?y=1',
    );
    expect((await one(app, '/', '-H "X-Forwarded-Proto: https"')).split('\n')[0]).toBe('200 ');
    const canonical = await one(app, '/x', '-H "X-Forwarded-Proto: https"', { HOST_NAME: 'www.example.com' });
    expect(canonical.split('\n')[0]).toBe('301 https://www.example.com/x');
  });

  test('basic_auth asks for the two config vars, and starts only with both', async () => {
    const { app } = await builds.build(site({ basic_auth: true }));
    const env = { BASIC_AUTH_USERNAME: 'ann', BASIC_AUTH_PASSWORD: 'open:sesame' };
    const script = `for who in ann:open:sesame ann:wrong; do get -u "$who" "$at/" | head -n 1; done; get "$at/" | head -n 1`;
    expect(await ask(app, script, env)).toBe('200 \n401 \n401 ');
    expect(await runInStack(builds, app, start)).toContain('BASIC_AUTH_USERNAME and BASIC_AUTH_PASSWORD');
  });
});

describe('messages', () => {
  const page = { 'index.html': '' };
  const refused = async (text: string, files: Files = page) =>
    (await builds.failure({ ...files, 'static.json': text })).message;

  test('what is not JSON is told with its place', async () => {
    expect(await refused('{\n  "root": "dist",\n  "clean_urls": yes\n}')).toMatch(
      /^static\.json is not valid JSON: .* at line 3: {3}"clean_urls": yes$/,
    );
    expect(await refused('[]')).toBe('static.json is not valid JSON: it is not an object.');
    expect(await refused('')).toBe('static.json is not valid JSON: it is empty.');
  });

  test('a root that no build made is told with the folders that are there', async () => {
    expect(await refused('{"root":"dist/"}', { 'public/a.html': '' })).toBe(
      '"root" in static.json is "dist", but after the build there is no such folder. Folders here: public/. Is it committed? Check .gitignore and "git ls-files".',
    );
    const other = { 'static.json': '{"root":"dist"}', 'Dist/index.html': '', 'index.html': '' };
    expect(await builds.failure(other)).toMatchObject({
      id: 'E17',
      message:
        '"dist" in static.json does not exist, but "Dist" does. Names are case-sensitive here: write "root": "Dist" or run git mv.',
    });
    expect(await refused('{"root":"../x"}')).toContain('leads out of the app');
    expect(await refused('{"root":"out"}', { out: '-> /etc' })).toContain('a link that leads out of the app');
    const front = await textsOf(sample('front-end'));
    expect(await refused('{"root":"build"}', { ...front, '.buildpacks': 'static\n' })).toContain(
      'let the node buildpack run before',
    );
  });

  test('what has the wrong kind, and a page that is not there', async () => {
    expect(await refused('{"clean_urls":"yes","routes":[],"headers":{"/":{"A B":"c"}}}')).toBe(
      [
        'static.json: clean_urls has to be true or false.',
        'static.json: routes has to be an object: {…}.',
        'static.json: headers: "A B" is not a header name with a text of one line.',
      ].join('\n'),
    );
    expect(await refused('{"redirects":{"/a":{"url":"/b","status":200}}}')).toContain(
      'the status of "/a" is 200; it can be 301',
    );
    expect(await refused('{"proxies":{"/a":{"origin":"api.example.com"}}}')).toContain('a whole address');
    expect(await refused('{"error_page":"404.html"}')).toContain(
      'there is no such file in the root of the app',
    );
  });

  test('an unknown key is a warning with the nearest known one', async () => {
    const { lines, app } = await builds.build({ ...page, 'static.json': '{"clean_url":true}' });
    expect(lines).toContain(
      ' !     static.json: there is no setting "clean_url"; the nearest is "clean_urls". It has no effect.',
    );
    expect(await readFile(join(app, '.heroku/static/site.json'), 'utf8')).toContain('"root": "."');
  });
});
