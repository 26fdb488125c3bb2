// Config vars called like the variables of our buildpacks' own scripts: the builds are whole, and every program of the app has them.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Builds, type Files, ourBuildpacks, startBuilds } from './builds.ts';
import { textsOf } from './stack.ts';

let builds: Builds;
beforeAll(async () => {
  builds = await startBuilds();
});
afterAll(() => builds[Symbol.asyncDispose]());

/** These mean something to the programs that a build runs, whoever sets them; npm makes PATH of every spelling of it. */
const settings = /^(npm_|pnpm_|yarn_|.*_proxy$|\w+_config_|path$)/;

/** Every word that begins with a small letter, as all variables of these scripts do. */
function configOf(pack: string): Record<string, string> {
  const lib = join(ourBuildpacks, pack, 'lib');
  const scripts = readdirSync(lib).map((name) => join(lib, name));
  const text = [join(ourBuildpacks, pack, 'bin', 'compile'), ...scripts]
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const names = [...new Set(text.match(/\b[a-z_][A-Za-z0-9_]*/g))].filter(
    (name) => name !== '_' && !settings.test(name),
  );
  for (const name of ['name', 'file', 'value', 'manager', 'build_dir', 'cache_dir', 'status'])
    expect(names).toContain(name);
  return Object.fromEntries(names.map((name) => [name, `/nowhere/${name}\n`]));
}

/** A JSON file of names and values → how many of them the environment does not have. */
const nodeCheck = `const wanted = JSON.parse(require('fs').readFileSync(__dirname + '/wanted.json'));
const wrong = Object.keys(wanted).filter((name) => process.env[name] !== wanted[name]);
console.log(process.argv[2] + ' has all but ' + wrong.length + ' of them: ' + wrong.slice(0, 10));`;
const pythonCheck = `#!/usr/bin/python3
import json, os, sys
wanted = json.load(open("wanted.json"))
wrong = [name for name in wanted if os.environ.get(name) != wanted[name]]
print(os.path.basename(sys.argv[0]), "has all but", len(wrong), "of them:", wrong[:10])
`;

test('node: scripts and install scripts of the app have them, at first and from the cache', async () => {
  const sample = await textsOf(join(ourBuildpacks, 'node', 'test', 'build-script'));
  const manifest = JSON.parse(sample['package.json']!) as { scripts: Record<string, string> };
  const own = manifest.scripts['build'];
  manifest.scripts = { ...manifest.scripts, postinstall: 'node check.js postinstall' };
  manifest.scripts['build'] = `node check.js build && ${own}`;
  const config = configOf('node');
  const files: Files = {
    ...sample,
    'package.json': JSON.stringify(manifest),
    'check.js': nodeCheck,
    'wanted.json': JSON.stringify(config),
  };
  for (const cache of ['empty', 'restored']) {
    const { lines, tree } = await builds.build(files, { app: 'node', config });
    expect(lines).toContain(`       Build cache: ${cache}`);
    for (const script of ['postinstall', 'build'])
      expect(lines.join('\n')).toContain(`${script} has all but 0 of them:`);
    expect(Object.keys(tree.processTypes)).toEqual(['web']);
  }
});

test('python: the hooks of the app have them, and its packages are installed', async () => {
  const config = configOf('python');
  const files: Files = {
    'requirements.txt': 'iniconfig==2.1.0\n',
    Procfile: 'web: python -c ""\n',
    'wanted.json': JSON.stringify(config),
    'bin/pre_compile': pythonCheck,
    'bin/post_compile': pythonCheck,
  };
  for (const cache of ['empty', 'restored']) {
    const { lines } = await builds.build(files, { app: 'python', config });
    expect(lines).toContain(`       Build cache: ${cache}`);
    for (const hook of ['pre_compile', 'post_compile'])
      expect(lines).toContain(`       ${hook} has all but 0 of them: []`);
  }
});
