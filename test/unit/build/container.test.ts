// The container of a build: with a private CA every program is told of the one mounted file, without none is.
import { expect, it } from 'vitest';
import { buildContainerSpec, type ContainerFacts } from '../../../platform/build/container.ts';

const variables = [
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'CURL_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
  'GIT_SSL_CAINFO',
];

function specWith(caFile: string | null) {
  const folders = { temporary: '/work/tmp', varTemporary: '/work/var-tmp', home: '/work/home' };
  return buildContainerSpec({
    instance: 'mine',
    image: 'build:1',
    id: 'one',
    app: { id: 'app', name: 'hello' },
    workspace: folders as ContainerFacts['workspace'],
    stackCompat: 'heroku-24',
    memory: 1e9,
    limits: { cpus: null, processes: 100 },
    caFile,
    npmrc: false,
    pipConf: false,
    goenv: false,
  });
}

it('names the mounted CA file to every program that has a list of its own', () => {
  const { env, mounts } = specWith('/etc/ours/ca.pem');
  const mounted = mounts?.filter(({ source }) => source === '/etc/ours/ca.pem');
  expect(mounted).toEqual([{ source: '/etc/ours/ca.pem', target: expect.any(String), readOnly: true }]);
  const { target } = mounted![0]!;
  expect(variables.map((name) => env[name])).toEqual(variables.map(() => target));
});

it('without one has neither the file nor the variables', () => {
  const { env, mounts } = specWith(null);
  expect(Object.keys(env).filter((name) => variables.includes(name))).toEqual([]);
  expect(mounts?.map(({ source }) => source)).toEqual(['/work/tmp', '/work/var-tmp', '/work/home']);
});
