// An app's first build in each language, against its runtime and the bare package manager in the same image.
import { join } from 'node:path';
import { type BareBuild, bareBuild } from '../bare-build.ts';
import type { Bench } from '../bench.ts';
import { benchPlatform } from '../platform.ts';
import { inTurns, type Row } from '../row.ts';
import { packageRoot } from '../server.ts';
import { lineLike, type ToldLine } from '../told.ts';

interface Language {
  name: string;
  by: string;
  /** An app with a dependency. */
  source: string;
  image: BareBuild['image'];
  script: string;
  /** What the script needs to know of the build that it is compared with. */
  env?(lines: readonly ToldLine[]): Record<string, string>;
}

const sample = (buildpack: string, name: string): string =>
  join(packageRoot, 'buildpacks', buildpack, 'test', name);

const languages: readonly Language[] = [
  {
    name: 'node',
    by: 'download of the same Node and npm, npm ci',
    source: join(packageRoot, 'apps', 'hello-node'),
    image: 'build-node',
    env(lines) {
      const { text } = lineLike(lines, /^ {7}Node \d+\.\d+\.\d+ .*npm \d/);
      const [, node = '', npm = ''] = /Node (\S+) .*npm (\S+)/.exec(text)!;
      return { NODE_VERSION: node, NPM_VERSION: npm };
    },
    script: `registry=$(sed -n 's/^registry *= *//p' "$npm_config_globalconfig" | tail -n 1)
registry=\${registry:-https://registry.npmjs.org/} machine=$(uname -m)
case $machine in x86_64) machine=x64 ;; aarch64) machine=arm64 ;; esac
unpack() { mkdir -p "$2"; curl -fsS "\${registry%/}/$1" | tar -xz -C "$2" --strip-components=1 --no-same-owner; }
unpack "node-linux-$machine/-/node-linux-$machine-$NODE_VERSION.tgz" /work/node
unpack "npm/-/npm-$NPM_VERSION.tgz" /work/node/lib/node_modules/npm
export PATH=/work/node/bin:$PATH
node /work/node/lib/node_modules/npm/bin/npm-cli.js ci --no-audit --no-fund
test -d node_modules/express`,
  },
  {
    name: 'python',
    by: 'python3 -m venv, pip install',
    source: sample('python', 'flask'),
    image: 'build',
    script: `python3 -m venv --without-pip /work/venv
PYTHONPATH=$(echo /usr/share/python-wheels/pip-*.whl) /work/venv/bin/python -m pip install --disable-pip-version-check -r requirements.txt
test -x /work/venv/bin/gunicorn`,
  },
  {
    name: 'go',
    by: 'go install',
    source: sample('go', 'hello'),
    image: 'build-go',
    env: () => ({ GOFLAGS: '-buildvcs=false', GOBIN: '/work/bin' }),
    script: 'go install ./... && test -x /work/bin/hello',
  },
];

export const coldBuilds: readonly Row[] = languages.map((language) => ({
  name: `cold-${language.name}`,
  group: 'builds',
  about: `an app's first build, from "Building on" to its process types / docker run of ${language.by}, same image`,
  unit: 's',
  bar: { value: 1.3, kind: 'at most' },
  measure: (bench) => measure(bench, language),
}));

/** A new app each time: it has no cache. */
async function measure(bench: Bench, { name, source, image, script, env }: Language) {
  const platform = await benchPlatform(bench);
  let last: readonly ToldLine[] = [];
  const ours = async (turn: number): Promise<number> => {
    const app = await platform.create(`bench-cold-${name}-${turn}`, source);
    await app.commit();
    last = await app.pushTold();
    const from = lineLike(last, /^-----> Building on /);
    const to = lineLike(last, /^-----> Discovering process types/);
    await platform.cli('apps:destroy', app.name, '--confirm', app.name);
    return (to.at - from.at) / 1e9;
  };
  return inTurns(bench, 's', ours, () =>
    bareBuild(bench, { image, source, script, ...(env ? { env: env(last) } : {}) }),
  );
}
