// The version ranges of the node buildpack, judged by the jq of the build image that will judge them in builds.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ownLabels, ownName } from '../../../platform/engine/labels.ts';
import { ourBuildpacks, startBuilds } from './builds.ts';

const versions = [
  '0.0.3',
  '0.10.48',
  '0.12.3',
  '18.20.8',
  '20.19.0',
  '20.20.2',
  '22.0.0-rc.1',
  '22.12.0',
  '22.22.1',
  '23.1.0',
  '24.0.0',
  '24.21.0',
  '25.9.0',
  '26.10.0',
];
const longTerm = [26, 24, 22];

/** Range → the version it stands for, null when none matches, "invalid" when it is no range. */
const expected: Record<string, string | null> = {
  '': '26.10.0',
  ' ': '26.10.0',
  '*': '26.10.0',
  x: '26.10.0',
  '22': '22.22.1',
  '22.x': '22.22.1',
  '22.12': '22.12.0',
  '22.12.x': '22.12.0',
  '18.x.x': '18.20.8',
  'v22.12.0': '22.12.0',
  '=22.12.0': '22.12.0',
  '^22.0.0': '22.22.1',
  '^0.10': '0.10.48',
  '^0.x': '0.12.3',
  '^0.0.3': '0.0.3',
  '~22.12': '22.12.0',
  '~22': '22.22.1',
  '~> 20.19': '20.19.0',
  '>=18': '26.10.0',
  '>=18 <21': '20.20.2',
  '>= 18 < 21': '20.20.2',
  '>=18,<21': '20.20.2',
  '>=20.0.0-0': '26.10.0',
  '>20': '26.10.0',
  '>25 <26': null,
  '>*': null,
  '<*': null,
  '<20': '18.20.8',
  '<=20': '20.20.2',
  '<=20.19': '20.19.0',
  '18 - 20': '20.20.2',
  '18.0.0 - 20.19.0': '20.19.0',
  '18 || 20 || 22': '22.22.1',
  '18||>=24': '26.10.0',
  '23 || 25': '25.9.0',
  '>=22.0.0 <23 || 20': '22.22.1',
  '18 ||': '26.10.0',
  // Among what matches, a line with long-term support comes before a newer one without.
  '>=22 <26': '24.21.0',
  '99': null,
  banana: 'invalid',
  '>=abc': 'invalid',
  '22.1.0.0': 'invalid',
  'lts/*': 'invalid',
};

test('ranges mean what npm means by them', async () => {
  await using builds = await startBuilds();
  const program =
    'include "semver"; $ranges | map({key: ., value: (if valid then newest(.; $versions; $preferred) else "invalid" end)}) | from_entries';
  const arguments_ = { ranges: Object.keys(expected), versions, preferred: longTerm };
  const id = await builds.engine.create({
    name: ownName(builds.instance, 'semver', randomUUID()),
    image: (await builds.images.ensure('build-node')).reference,
    labels: ownLabels(builds.instance, 'run'),
    entrypoint: ['sleep'],
    command: ['60'],
    env: {},
    mounts: [{ source: join(ourBuildpacks, 'node', 'lib'), target: '/lib-under-test', readOnly: true }],
    network: 'none',
  });
  try {
    await builds.engine.start(id);
    const given = Object.entries(arguments_).flatMap(([name, value]) => [
      '--argjson',
      name,
      JSON.stringify(value),
    ]);
    const { output, exitCode } = await builds.engine.exec(id, [
      'jq',
      '-n',
      '-L',
      '/lib-under-test',
      ...given,
      program,
    ]);
    expect(exitCode, output).toBe(0);
    expect(JSON.parse(output)).toEqual(expected);
  } finally {
    await builds.engine.remove(id);
  }
});
