// Functions of the node and go buildpacks by themselves, in the bash of the build image that runs them in builds.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownLabels, ownName } from '../../../platform/engine/labels.ts';
import { type Builds, ourBuildpacks, startBuilds } from './builds.ts';

let builds: Builds;
let container: string;

beforeAll(async () => {
  builds = await startBuilds();
  container = await builds.engine.create({
    name: ownName(builds.instance, 'parts', randomUUID()),
    image: (await builds.images.ensure('build-node')).reference,
    labels: ownLabels(builds.instance, 'run'),
    entrypoint: ['sleep'],
    command: ['300'],
    env: {},
    mounts: [{ source: ourBuildpacks, target: '/packs', readOnly: true }],
    network: 'none',
  });
  await builds.engine.start(container);
});
afterAll(async () => {
  await builds.engine.remove(container);
  await builds[Symbol.asyncDispose]();
});

/** What a script prints that has read these parts; one that does not end is stopped, and fails. */
async function say(parts: readonly string[], script: string, pack = 'node'): Promise<string> {
  const prelude = `pack_dir=/packs/${pack} build_dir=$(mktemp -d) cache_dir=$(mktemp -d)\nfor part; do source $pack_dir/lib/$part.sh; done\n`;
  const command = ['timeout', '20', 'bash', '-c', prelude + script, 'parts', ...parts];
  const { output, exitCode } = await builds.engine.exec(container, command);
  expect(exitCode, output).toBe(0);
  return output.trim();
}

describe('npm', () => {
  test.each([
    ['10.24.1', '7.24.2'],
    ['12.22.12', '7.24.2'],
    ['15.14.0', '7.24.2'],
    ['17.9.1', '8.19.4'],
    ['19.9.0', '9.9.4'],
    ['21.7.3', '10.9.9'],
    ['23.1.0', '11.19.1'],
    ['26.0.0', '11.19.1'],
  ])('Node %s gets npm %s, which runs on it', async (node, npm) => {
    const script = `node_version=${node} npm_wanted=''; resolve_npm; echo "$npm_version"`;
    expect(await say(['runtime'], script)).toBe(npm);
  });

  test.each([
    ['pnpm', 'please-use-pnpm', ''],
    ['yarn', '>=99', ''],
    ['npm', '10.x', '10.x'],
  ])('with %s, engines.npm "%s" asks for npm "%s"', async (manager, engine, wanted) => {
    const script = `manager=${manager} engine_npm='${engine}' && wanted_npm && echo "$npm_wanted"`;
    expect(await say(['runtime'], script)).toBe(wanted);
  });
});

test.each([
  [
    ['npm-shrinkwrap.json', 'package-lock.json', 'yarn.lock'],
    'yarn@4.18.1',
    'yarn: git rm npm-shrinkwrap.json package-lock.json',
  ],
  [
    ['npm-shrinkwrap.json', 'package-lock.json'],
    'pnpm@10.34.9',
    'pnpm: git rm npm-shrinkwrap.json package-lock.json',
  ],
  [['package-lock.json', 'bun.lock', 'bun.lockb'], '', 'npm: git rm bun.lock bun.lockb'],
])(
  'of the lockfiles %j with packageManager "%s" all that have to go are named',
  async (files, named, rest) => {
    const script = `cd "$build_dir" && touch ${files.join(' ')}; package_manager='${named}'; (check_lockfiles) || true`;
    expect(await say(['say', 'checks'], script)).toContain(`To keep ${rest} && git commit`);
  },
);

test.each([
  ['{"npm":"10.x","yarn":"1.x"}', 'Found npm and yarn in engines;'],
  ['{"npm":"please-use-yarn","yarn":"1.x"}', 'manager: yarn'],
  ['{"node":"24.x","npm":">=10"}', 'manager: npm'],
  ['{"node":"24.x"}', 'manager: npm'],
])('engines %s without a lockfile: %s', async (engines, outcome) => {
  const script = `echo '{"engines":${engines}}' >"$build_dir/package.json"; read_package; (check_lockfiles && echo "manager: $manager") || true`;
  expect(await say(['say', 'facts', 'checks'], script)).toContain(outcome);
});

test('an app that gets a .yarnrc.yml is not given the Yarn of the build before', async () => {
  const script = [
    'manager=yarn engine_node=24.1.0; resolve_npm() { npm_version=11.0.0; }',
    'choose_node; : >"$build_dir/.yarnrc.yml"; choose_node',
  ].join('\n');
  const lines = await say(['say', 'managers', 'runtime'], script);
  expect([...lines.matchAll(/yarn (\S+)$/gm)].map((match) => match[1])).toEqual(['1.22.22', '4.18.1']);
});

test('a script of a workspace that reads its input does not eat the list of the others', async () => {
  const script = [
    'manager=yarn run_command=(bash) held=()',
    'for name in a b; do',
    '  mkdir -p "$build_dir/$name"',
    `  echo '{"scripts":{"prepare":"x"}}' >"$build_dir/$name/package.json"`,
    `  echo 'read line; echo "$line in \${PWD##*/}"' >"$build_dir/$name/prepare"`,
    'done',
    `echo '{"workspaces":["*"]}' >"$build_dir/package.json"`,
    'run_workspace_lifecycle',
  ].join('\n');
  expect(
    (await say(['say', 'config', 'modules', 'workspaces'], script)).split('\n').map((line) => line.trim()),
  ).toEqual([
    '-----> Running the "prepare" script of a',
    'in a',
    '-----> Running the "prepare" script of b',
    'in b',
  ]);
});

test.each([
  ['1.x', 'yarn'],
  ['^1.22.19', 'yarn'],
  ['>= 1.22 <2', 'yarn'],
  ['~4.1.1', '@yarnpkg/cli-dist'],
  ['>=4.11', '@yarnpkg/cli-dist'],
  ['^3.1', '@yarnpkg/cli-dist'],
  ['10.x', '@yarnpkg/cli-dist'],
])('yarn %s is looked for in the package %s', async (range, name) => {
  // The registry is out of reach here: what it is asked for is what counts.
  const script = [
    `manager=yarn manager_wanted='${range}' manager_default=4.18.1 cached_manager=4.18.1`,
    `get_from_any() { echo "$1"; return 7; }`,
    'newest_manager',
  ].join('\n');
  expect(await say(['managers'], script)).toBe(name.replace('/', '%2f'));
});

describe('what decides about node_modules', () => {
  /** How many names the tree in the cache has had, when each of these has been done and it was named again. */
  async function namesAfter(...changes: string[]): Promise<string[]> {
    const script = [
      `manager=npm lockfile=package-lock.json key_files=() && cd "$build_dir"`,
      `mkdir -p prisma packages/db node_modules/.prisma .apt && echo '{}' | tee package.json >package-lock.json`,
      ...['true', ...changes].map((change) => `${change}; modules_key; echo "\${modules##*/}"`),
    ].join('\n');
    return (await say(['modules'], script)).split('\n');
  }

  test("a Prisma schema does, wherever it is; what was made from it doesn't", async () => {
    const write = (path: string, text: string) => `echo '${text}' >${path}`;
    const names = await namesAfter(
      write('prisma/schema.prisma', 'model A {}'),
      write('prisma/schema.prisma', 'model B {}'),
      write('packages/db/b.prisma', 'model C {}'),
      write('node_modules/.prisma/schema.prisma', 'model D {}'),
    );
    expect(new Set(names.slice(0, 4)).size).toBe(4);
    expect(names[4]).toBe(names[3]);
  });

  test('an Aptfile does, once the apt buildpack has followed it', async () => {
    const aptfile = 'echo libvips-dev >Aptfile';
    const names = await namesAfter('rmdir .apt', aptfile, 'mkdir .apt', 'echo libcairo2-dev >Aptfile');
    expect(new Set(names.slice(0, 3)).size).toBe(1);
    expect(new Set(names.slice(2)).size).toBe(3);
  });
});

describe('npm 6', () => {
  test.each([
    ['6.14.18', 'package-lock.json', 'npm ci --production=false'],
    ['6.14.18', '', 'npm install --production=false'],
    ['7.24.2', 'package-lock.json', 'npm ci --include=dev'],
    ['11.19.1', '', 'npm install --include=dev'],
  ])('npm %s with lockfile "%s" installs devDependencies by %s', async (version, lockfile, command) => {
    const script = `npm_version=${version} lockfile=${lockfile} && set_install_command && echo "\${install_command[*]}"`;
    expect(await say(['npm'], script)).toBe(command);
  });
});

describe('a registry that curl or npm cannot talk to is E9 in words', () => {
  const sentence = (cause: string): string =>
    [
      `     The build could not talk to the package registry (${cause}). Your app is fine. If this host uses its own certificate authority, set the CA file in the server settings; otherwise retry.`,
      '     E9 registry-unreachable',
    ]
      .map((line) => ` !${line}`)
      .join('\n')
      .trim();
  const asked = 'CURL_TIMEOUT=1 get_from_any npm /tmp/document; (unreachable $?) || true';

  test('its certificate is of nobody', async () => {
    const script = [
      'openssl req -x509 -newkey rsa:2048 -nodes -keyout /tmp/key -out /tmp/certificate -days 1 -subj /CN=127.0.0.1 2>/dev/null',
      'openssl s_server -quiet -accept 127.0.0.1:8443 -key /tmp/key -cert /tmp/certificate -www >/dev/null 2>&1 & server=$!',
      'until (: >/dev/tcp/127.0.0.1/8443) 2>/dev/null; do sleep 0.05; done',
      `registries=(https://127.0.0.1:8443); ${asked}; kill $server`,
    ].join('\n');
    expect(await say(['say', 'registry'], script)).toBe(sentence('certificate not trusted'));
  });

  test('it takes connections and says nothing', async () => {
    const listen =
      'import socket, time; s = socket.create_server(("127.0.0.1", 8444)); print("ready", flush=True); time.sleep(15)';
    const script = [
      `exec 3< <(exec python3 -c '${listen}'); server=$!; read -r _ <&3`,
      // It would try three times more, a second and longer each.
      `curl() { command curl "$@" --retry 0; }; registries=(http://127.0.0.1:8444); ${asked}; kill $server`,
    ].join('\n');
    expect(await say(['say', 'registry'], script)).toBe(sentence('timed out'));
  });

  test('npm dies without a word: the registry is asked once', async () => {
    const script = [
      'echo "npm error Exit handler never called!" >/tmp/said; curl() { command curl "$@" --retry 0; }',
      'registries=(http://127.0.0.1:9); (explain_failure 1 "npm ci" /tmp/said) || true',
    ].join('\n');
    expect(await say(['say', 'registry', 'npm', 'login', 'failures'], script)).toBe(
      sentence('connection refused'),
    );
  });
});

describe('.npmrc', () => {
  test('a variable is replaced once, whatever it holds', async () => {
    const script = [
      `printf '%s\\n' '//r/:_authToken=a\${T}b\${U}\${T}c' >/tmp/npmrc`,
      `export T='x&y\\1' U='\${T}\${U}'; npmrc_value /tmp/npmrc //r/:_authToken`,
    ].join('\n');
    expect(await say(['config', 'registry'], script)).toBe(`ax&y\\1b\${T}\${U}x&y\\1c`);
  });
});

describe('go', () => {
  test('what was compiled is forgotten when the Aptfile that apt has followed is another one', async () => {
    const script = [
      'cd "$build_dir"',
      'restored() { REQUEST_ID=$1; restore_cache; ls "$compiled" | wc -l; touch "$compiled/object"; }',
      'restored 1; restored 2; mkdir .apt; echo libvips-dev >Aptfile; restored 3; restored 4',
      'echo libcairo2-dev >Aptfile; restored 5; restored 6',
    ].join('\n');
    expect((await say(['cache'], script, 'go')).split('\n')).toEqual(['0', '1', '0', '1', '0', '1']);
  });

  test('a program called release is no process type: it would run before each release', async () => {
    const script = [
      `pack_dir=$(mktemp -d); printf 'x\\t%s\\n' cmd/server cmd/release cmd/worker >/tmp/go-mains`,
      'write_start; cat "$pack_dir/release.yml"',
    ].join('\n');
    expect(await say(['start'], script, 'go')).toBe(
      "---\ndefault_process_types:\n  web: 'bin/server'\n  worker: 'bin/worker'",
    );
  });

  test('a host that git does not find is E9, whatever the go command makes of it', async () => {
    const script = [
      `echo "go: a.example/x@v1: invalid version: git ls-remote: fatal: Could not resolve host: a.example" >/tmp/said`,
      '(explain_failure 1 "go install" /tmp/said) || true',
    ].join('\n');
    expect(await say(['say', 'failures'], script, 'go')).toContain('E9 registry-unreachable');
  });
});
