// An index or archive that cannot be talked to, as uv, Poetry, pipenv and apt meet it for real: certificate not trusted, or silence.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Builds, type Files, ourBuildpacks, startBuilds } from './builds.ts';
import { textsOf } from './stack.ts';
import { unanswered, unreachable, withServers } from './unanswered.ts';

let builds: Builds;
let pipenv: Files;
beforeAll(async () => {
  builds = await startBuilds();
  pipenv = await textsOf(join(ourBuildpacks, 'python', 'test', 'pipenv'));
});
afterAll(() => builds[Symbol.asyncDispose]());

const wheel = 'iniconfig-2.1.0-py3-none-any.whl';
const hash = 'sha256:9deba5723312380e77435581c6bf4935c94cbfab9b1ed33ef8d238ea168eb760';
const procfile = { Procfile: 'web: x\n' };

function uvFiles(address: string): Files {
  const project = '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\n';
  return {
    ...procfile,
    'pyproject.toml': `${project}dependencies = ["iniconfig==2.1.0"]\n\n[tool.uv]\npackage = false\n`,
    'uv.lock': `version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "app"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "iniconfig" }]

[package.metadata]
requires-dist = [{ name = "iniconfig", specifier = "==2.1.0" }]

[[package]]
name = "iniconfig"
version = "2.1.0"
source = { registry = "${address}/simple" }
wheels = [{ url = "${address}/${wheel}", hash = "${hash}", size = 6050 }]
`,
  };
}

function poetryFiles(address: string): Files {
  const project = '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\n';
  const source = `[[tool.poetry.source]]\nname = "here"\nurl = "${address}/simple/"\npriority = "primary"\n`;
  // Of what decides about the lock file, as Python's json writes it.
  const decides = `{"project": {"dependencies": ["iniconfig (==2.1.0)"], "requires-python": ">=3.11"}, "tool": {"poetry": {"source": [{"name": "here", "priority": "primary", "url": "${address}/simple/"}]}}}`;
  return {
    ...procfile,
    'pyproject.toml': `${project}dependencies = ["iniconfig (==2.1.0)"]\n\n[tool.poetry]\npackage-mode = false\n\n${source}`,
    'poetry.lock': `[[package]]
name = "iniconfig"
version = "2.1.0"
description = ""
optional = false
python-versions = ">=3.8"
groups = ["main"]
files = [{file = "${wheel}", hash = "${hash}"}]

[package.source]
type = "legacy"
url = "${address}/simple"
reference = "here"

[metadata]
lock-version = "2.1"
python-versions = ">=3.11"
content-hash = "${createHash('sha256').update(decides).digest('hex')}"
`,
  };
}

describe.each<[string, (address: string) => Files, (address: string) => Record<string, string>]>([
  ['uv', uvFiles, () => ({ UV_HTTP_TIMEOUT: '1', UV_HTTP_RETRIES: '0' })],
  ['poetry', poetryFiles, () => ({ POETRY_REQUESTS_TIMEOUT: '1' })],
  [
    'pipenv',
    () => pipenv,
    // pip fails over TLS at addresses without a name.
    (address) => ({
      PIPENV_PYPI_MIRROR: `${address.replace('127.0.0.1', 'localhost')}/simple`,
      PIP_RETRIES: '1',
      PIP_TIMEOUT: '5',
    }),
  ],
])('%s', (manager, filesFor, configFor) => {
  test.each(unanswered)('%s', async (cause, address) => {
    const source = withServers('python', filesFor(address));
    const { id, message, lines } = await builds.failure(source, { app: manager, config: configFor(address) });
    expect({ id, message }, lines.join('\n')).toEqual(unreachable(cause));
  });
});

test.each(unanswered)('apt: %s', async (cause, address) => {
  // What the first buildpack exports; its own settings would have apt wait for minutes.
  const lines = [
    `printf 'deb [trusted=yes] %s trixie main\\n' ${address}/debian >/tmp/list`,
    `printf '%s\\n' 'Dir::Etc::sourcelist "/tmp/list";' 'Acquire::http::Timeout "1";' >/tmp/apt.conf`,
    'echo export APT_CONFIG=/tmp/apt.conf >export',
  ];
  const source = withServers('apt', { ...procfile, Aptfile: 'jo\n' }, lines.join('\n'));
  const failure = await builds.failure(source, { app: 'apt' });
  expect(failure.id, failure.lines.join('\n')).toBe('E9');
  const said = cause === 'timed out' ? 'no answer' : cause;
  expect(failure.message).toContain(`The build could not talk to Debian's archive (${said}).`);
});
