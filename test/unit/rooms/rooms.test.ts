// The rooms of platform/ hold to their agreement: who may import whom, one library in one room, small files.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { violations } from './rules.ts';

const platform = join(import.meta.dirname, '../../../platform');

const sources = readdirSync(platform, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.[cm]?tsx?$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name))
  .map((file) => ({ path: relative(platform, file), text: readFileSync(file, 'utf8') }));

it('finds the sources', () => {
  expect(sources.length).toBeGreaterThan(100);
  expect(sources.map(({ path }) => path)).toContain('domain/release.ts');
});

it.each([
  ['imports', 'go downwards only, and stations never import each other'],
  ['libraries', 'live in one room each'],
  ['environment', 'is read by config.ts, and by one file of the command line'],
  ['size', 'of a file is at most 300 lines'],
  ['header', 'says in the first line what lives in a file'],
] as const)('%s: %s', (rule, _what) => {
  expect(sources.flatMap((source) => violations[rule](source))).toEqual([]);
});

const judged = (rule: keyof typeof violations, path: string, text: string) =>
  violations[rule]({ path, text });

it.each([
  ['domain/app.ts', `import { readFileSync } from 'node:fs';`],
  ['domain/app.ts', `import { label } from '../engine/labels.ts';`],
  ['store/apps.ts', `import type { Engine } from '../engine/engine.ts';`],
  ['git/git.ts', `import { createBuilder } from '../build/build.ts';`],
  ['git/git.ts', `import {\n  a,\n  b,\n} from '../actions/deploy.ts';`],
  ['logs/tail.ts', `const { createApi } = await import('../api/server.ts');`],
  ['actions/deploy.ts', `export * from '../api/server.ts';`],
  ['cli/main.ts', `import { openStore } from '../store/store.ts';`],
  ['api/server.ts', `import { main } from '../main.ts';`],
  ['git/git.ts', `import { createAddressCheck } from '../address-check.ts';`],
  ['actions/deploy.ts', `import { createAddressCheck } from '../address-check.ts';`],
  ['address-check.ts', `import { openStore } from './store/store.ts';`],
  ['kitchen/sink.ts', `import { parse } from '../domain/app.ts';`],
])('%s may not: %s', (path, text) => {
  expect(judged('imports', path, text)).toHaveLength(1);
});

it.each([
  ['git/git.ts', `import { label } from '../engine/labels.ts';\nimport { a } from './route.ts';`],
  ['actions/deploy.ts', `import { createBuilder } from '../build/build.ts';`],
  ['cli/main.ts', `import { releaseName } from '../domain/release.ts';`],
  ['main.ts', `import { createApi } from './api/server.ts';`],
  ['main.ts', `import { createAddressCheck } from './address-check.ts';`],
  ['address-check.ts', `import { refusalOf } from './domain/address.ts';`],
])('%s may: %s', (path, text) => {
  expect(judged('imports', path, text)).toEqual([]);
});

it('sees a library outside its room, and one that nobody agreed to', () => {
  expect(judged('libraries', 'processes/plan.ts', `import Docker from 'dockerode';`)).toHaveLength(1);
  expect(judged('libraries', 'processes/plan.ts', `import pad from 'left-pad';`)).toHaveLength(1);
  expect(judged('libraries', 'engine/docker.ts', `import Docker from 'dockerode';`)).toEqual([]);
});

it('sees the environment read elsewhere', () => {
  expect(judged('environment', 'git/git.ts', `const home = process.env['HOME'];`)).toHaveLength(1);
  expect(judged('environment', 'git/git.ts', `import { env } from 'node:process';`)).toHaveLength(1);
  expect(judged('environment', 'git/git.ts', `say(\`\${process.env.HOME} is home\`);`)).toHaveLength(1);
  expect(judged('environment', 'git/git.ts', `say(\`Use process.env.PORT on \${host}.\`);`)).toEqual([]);
  expect(judged('environment', 'git/git.ts', `say('Use process.env.PORT.'); // process.env`)).toEqual([]);
});
