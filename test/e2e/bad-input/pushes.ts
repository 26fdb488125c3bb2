// What is wrong in a push, from no repository to an app that listens where nobody can reach it.
import { must } from '../../support/app-repository.ts';
import { submoduleOf, withBlob } from './large.ts';
import { type Ground, git, push, type Row, told } from './row.ts';

const refused = { ends: 'exit 1' } as const;
const failedBuild = { ...refused, adds: [/^hello: build \S+ failed$/] };
const failedRelease = {
  ...refused,
  adds: [/^hello: build \S+ succeeded$/, /^hello: release v\d+ failed Deploy /],
};
const withUrl =
  (args: (url: string) => string[], env: Record<string, string> = {}): Row['act'] =>
  (on) =>
    git(args(on.platform.url), env)(on);

export const pushes: Row[] = [
  {
    what: 'to an app that is not there',
    act: withUrl((url) => ['push', `${url}/absent.git`, 'main']),
    ends: 'exit 128',
    says: /There is no app "absent".*Make it with: twelve apps:create absent/,
  },
  {
    what: 'to an app with a name of nonsense',
    act: withUrl((url) => ['push', `${url}/%00..%2f.git`, 'main']),
    ends: 'exit 128',
    says: /There is no app/,
  },
  {
    what: 'with a wrong token',
    act: withUrl((url) => [
      '-c',
      'credential.helper=',
      'push',
      `${url.replace('//', '//any:wrong@')}/hello.git`,
      'main',
    ]),
    ends: 'exit 128',
    says: /This token is not valid here\. Log in again with: twelve login/,
  },
  {
    what: 'without a login',
    act: git(['push', 'platform', 'main'], { HOME: '/nowhere', XDG_CONFIG_HOME: '/nowhere' }),
    ends: 'exit 128',
    says: /You are not logged in to http.*Log in: twelve login http/,
  },
  {
    what: 'without .git in the URL',
    act: withUrl((url) => ['push', `${url}/hello`, 'main']),
    ends: 'exit 128',
    says: /use hello\.git in the URL/,
  },
  {
    what: 'from a repository without a commit',
    act: emptyRepository,
    ...refused,
    says: /src refspec main does not match any/,
  },
  {
    what: 'of a commit without files',
    act: push({ 'package.json': null, 'server.js': null }),
    ...failedBuild,
    says: /No buildpack recognises this app.* contains: nothing[\s\S]*Build failed \(E1\): v\d+ serves/,
  },
  {
    what: 'of a tag only',
    act: tagOnly,
    ends: 'exit 0',
    says: /v1 is a tag, and is stored without being deployed\. To deploy what it names: git push platform 'v1\^\{commit\}:main'/,
    adds: [/^hello: ref refs\/tags\/v1 /],
  },
  {
    what: 'of another branch',
    act: git(['push', 'platform', 'main:refs/heads/idea']),
    ends: 'exit 0',
    says: /Pushed to idea, which is not deployed: push to main to deploy it/,
    adds: [/^hello: ref refs\/heads\/idea /],
  },
  {
    what: 'that deletes the deployed branch',
    act: git(['push', 'platform', ':main']),
    ...refused,
    says: /main is the branch that is deployed and cannot be deleted\. .*twelve apps:destroy/,
  },
  {
    what: 'to main and master',
    act: push({ 'a.txt': 'a' }, '--atomic', 'platform', 'attempt:main', 'attempt:master'),
    ...refused,
    says: /updates both main and master/,
  },
  {
    what: 'of a rewritten history, without force',
    act: rewritten('platform', 'attempt:main'),
    ...refused,
    says: /rejected.*non-fast-forward/,
  },
  {
    what: 'of no package.json',
    act: push({ 'package.json': null, 'index.html': 'hi' }),
    ...failedBuild,
    says: /No buildpack recognises this app\. The root of commit \w{7} contains: index\.html, server\.js\. Supported: package\.json[\s\S]*Build failed \(E1\): v\d+ serves/,
  },
  {
    what: 'of a broken package.json',
    act: push({ 'package.json': '{ "name": "x",\n' }),
    ...failedBuild,
    says: /package\.json is not valid JSON: .*line 2[\s\S]*Build failed \(E4\): v\d+ serves/,
  },
  {
    what: 'of a broken Procfile',
    act: push({ Procfile: 'web node server.js\n' }),
    ...failedBuild,
    says: /Procfile line 1: "web node server\.js" is not "<type>: <command>"[\s\S]*Build failed \(E16\): v\d+ serves/,
  },
  {
    what: 'of a misspelt Procfile',
    act: push({ procfile: 'web: true\n' }),
    ...failedBuild,
    says: /Found "procfile"; the file must be called exactly "Procfile"\. Run: git mv[\s\S]*Build failed \(E16\)/,
  },
  {
    what: 'of a build that fails',
    act: push({ 'package.json': manifest({ build: 'echo about to fail; exit 3' }) }),
    ...failedBuild,
    says: /about to fail[\s\S]*The "build" script failed with exit code 3[\s\S]*Build failed \(E13\): v\d+ serves/,
  },
  {
    what: 'of an app that exits at once',
    act: push({ 'server.js': "console.log('giving up'); process.exit(7);\n" }),
    ...failedRelease,
    says: /web\.1 exited with status 7 before it was ready[\s\S]*giving up[\s\S]*Not applied: v\d+ failed, v\d+ serves/,
  },
  {
    what: 'of an app that never listens',
    act: push({ 'server.js': 'setInterval(() => {}, 1000);\n' }),
    ...failedRelease,
    says: /did not listen on port \$PORT \(\d+\) within 4 s\. It listens on no port[\s\S]*Not applied: v\d+ failed, v\d+ serves/,
  },
  {
    what: 'of an app that listens on 127.0.0.1',
    act: push({ 'server.js': server("'127.0.0.1'") }),
    ...failedRelease,
    says: /It listens on 127\.0\.0\.1 only\. Use process\.env\.PORT and host 0\.0\.0\.0[\s\S]*Not applied: v\d+ failed/,
  },
  {
    what: 'of an app that listens on a port of its own choice',
    act: push({ 'server.js': server("'0.0.0.0'").replace('process.env.PORT', '3000') }),
    ...failedRelease,
    says: /did not listen on port \$PORT \(\d+\) within 4 s\. It listens on 3000 instead\. Use process\.env\.PORT[\s\S]*Not applied: v\d+ failed, v\d+ serves/,
  },
  {
    what: 'that names a buildpack which cannot be had',
    act: push({ '.buildpacks': 'https://127.0.0.1/nowhere.git\n' }),
    ...failedBuild,
    says: /Could not get buildpack https:\/\/127\.0\.0\.1\/nowhere\.git: [\s\S]*The app still uses release v\d+\.[\s\S]*Build failed \(E3\): v\d+ serves/,
  },
  {
    what: 'of a submodule that is a file of the server',
    act: submoduleOf('file:///srv/thing.git'),
    ...failedBuild,
    says: /The submodule vendor\/thing .*It is a file of the server's own machine\. Only https:/,
  },
  {
    what: 'of a submodule on the loopback',
    act: submoduleOf('https://127.0.0.1/thing.git'),
    ...failedBuild,
    says: /vendor\/thing \(https:\/\/127\.0\.0\.1\/thing\.git\) was not fetched\. 127\.0\.0\.1 is a loopback address/,
  },
  {
    what: 'of a submodule at a link-local address',
    act: submoduleOf('https://169.254.169.254/thing.git'),
    ...failedBuild,
    says: /was not fetched\. 169\.254\.169\.254 is a metadata address/,
  },
  {
    what: 'of a slug over the limit',
    act: withBlob(['blob', 'copy'], 'platform', 'attempt:main'),
    ...failedBuild,
    says: /The slug is 5\d\d MB, limit 400 MB\. Largest: data \(400 MB\), .*Add \.slugignore or prune dependencies[\s\S]*Build failed \(E19\): v\d+ serves/,
  },
  {
    what: 'of a Git LFS pointer, which is named and deployed',
    act: push({ 'model.bin': pointer() }, 'platform', 'attempt:main'),
    ends: 'exit 0',
    says: /model\.bin is a Git LFS pointer: the app gets the pointer, not the content/,
    ...deployed(),
  },
  {
    what: 'of a 200 MB blob, which is deployed',
    act: withBlob(['blob'], 'platform', '+attempt:main'),
    ends: 'exit 0',
    says: /Packing slug\s[\s\S]*Done: 3\d\d\.\d MB/,
    ...deployed(),
  },
  {
    what: 'of a rewritten history, by force',
    act: rewritten('platform', '+attempt:main'),
    ends: 'exit 0',
    says: /forced update/,
    ...deployed(),
  },
];

/** An app without dependencies: its build installs nothing. */
export const plainApp = { 'package.json': manifest({}), 'server.js': server("'0.0.0.0'") };

export function manifest(scripts: Record<string, string>): string {
  const engines = { node: '22.x' };
  return `${JSON.stringify({ name: 'hello', version: '1.0.0', private: true, engines, scripts: { start: 'node server.js', ...scripts } })}\n`;
}

/** Answers with what the platform must keep: its release, and its greeting. */
function server(host: string): string {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a template of the app's
  const answer = '`${process.env.TWELVE_RELEASE_VERSION} ${process.env.GREETING ?? ""}`';
  return `require('node:http').createServer((_, response) => response.end(${answer})).listen(process.env.PORT, ${host});\n`;
}

function pointer(): string {
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12345678\n`;
}

function deployed() {
  return {
    adds: [
      /build \S+ succeeded/,
      /current v/,
      /process web\.1 /,
      /ref refs\/heads\/main /,
      /release v\d+ succeeded Deploy /,
      /serves /,
    ],
    removes: [/current v/, /process web\.1 /, /ref refs\/heads\/main /, /serves /],
  };
}

async function emptyRepository({ platform }: Ground) {
  const folder = 'empty';
  await must(platform.git(['init', '-q', '-b', 'main', folder]));
  return told(await platform.git(['-C', folder, 'push', `${platform.url}/hello.git`, 'main']));
}

async function tagOnly(on: Ground) {
  await must(on.hello.git('tag', 'v1'));
  return git(['push', 'platform', 'v1'])(on);
}

/** main as it would be, had its last commit been another. */
function rewritten(...args: string[]): Row['act'] {
  return async (on) => {
    await must(on.hello.git('checkout', '-q', '-f', '-B', 'attempt', 'main'));
    await must(on.hello.git('commit', '-q', '--amend', '--allow-empty', '-m', 'rewritten'));
    const pushed = await on.hello.git('push', ...args);
    await must(on.hello.git('checkout', '-q', '-f', 'main'));
    return told(pushed);
  };
}
