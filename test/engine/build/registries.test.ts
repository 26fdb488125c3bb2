// A package registry that cannot be talked to: its certificate is not trusted, or it never answers. Each package manager for real.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Builds, type Files, startBuilds } from './builds.ts';
import { unanswered, unreachable, withServers } from './unanswered.ts';

let builds: Builds;
beforeAll(async () => {
  builds = await startBuilds();
});
afterAll(() => builds[Symbol.asyncDispose]());

async function refused(app: string, files: Files, config: Record<string, string>) {
  const { id, message } = await builds.failure(files, { app, config });
  return { id, message };
}

describe.each<[string, string, Files]>([
  ['npm', 'npm@11.19.1', {}],
  ['yarn', 'yarn@1.22.22', { '.yarnrc': 'network-timeout 1000\n' }],
  ['yarn', 'yarn@4.18.1', { '.yarnrc.yml': 'nodeLinker: node-modules\nhttpTimeout: 1000\n' }],
  ['pnpm', 'pnpm@10.34.9', {}],
  ['bun', 'bun@1.4.5', {}],
])('%s (%s)', (_, packageManager, settings) => {
  const source = (dependencies: Record<string, string>): Files =>
    withServers('node', {
      'package.json': JSON.stringify({ packageManager, engines: { node: '24.x' }, dependencies }),
      'server.js': '',
      ...settings,
    });
  const config = (address: string) => ({
    npm_config_registry: address,
    npm_config_fetch_retries: '0',
    npm_config_fetch_timeout: '1000',
    YARN_HTTP_RETRY: '0',
    BUN_CONFIG_HTTP_IDLE_TIMEOUT: '1',
  });
  beforeAll(async () => {
    await builds.build(source({}), { app: packageManager });
  });

  test.each(unanswered)('%s', async (cause, address) => {
    const failure = await refused(packageManager, source({ ms: '^2.1.3' }), config(address));
    expect(failure).toEqual(unreachable(cause));
  });
});

test.each(unanswered)('pip: %s', async (cause, address) => {
  const files = { 'requirements.txt': 'iniconfig==2.1.0\n', Procfile: 'web: x\n' };
  // pip tells of a connection only when it tries again; over TLS it fails at addresses without a name.
  const config = {
    PIP_INDEX_URL: `${address.replace('127.0.0.1', 'localhost')}/simple`,
    PIP_RETRIES: '1',
    PIP_TIMEOUT: '1',
  };
  expect(await refused('python', withServers('python', files), config)).toEqual(unreachable(cause));
});

test.each(unanswered)('go: %s', async (cause, address) => {
  const sum = 'h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
  const module = 'github.com/google/uuid v1.6.0';
  const files = {
    'go.mod': `module a.example/wants\n\ngo 1.24\n\nrequire ${module}\n`,
    'main.go': 'package main\n\nimport _ "github.com/google/uuid"\n\nfunc main() {}\n',
    'go.sum': `${module} ${sum}\n${module}/go.mod ${sum}\n`,
  };
  // The go command waits for ever for an answer, but not for a handshake.
  const config = { GOPROXY: address.replace('http:', 'https:') };
  const failure = await refused('go', withServers('go', files), config);
  expect(failure).toEqual(unreachable(cause, 'the module proxy'));
});
