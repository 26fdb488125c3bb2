// What builds are told of the host's pip: its own order, no credentials, no file that is not there.
import { expect, it } from 'vitest';
import {
  hostPipConfig,
  parsePipConfig,
  pipConfText,
  pipVariables,
} from '../../../platform/build/host-pip.ts';
import { readConfig } from '../../../platform/config.ts';

it("reads pip's own list: the environment before one command, that before all", () => {
  const listed = [
    ":env:.index-url='https://three.example/simple'",
    ":env:.find-links='/opt/wheels'",
    "global.index-url='https://one.example/simple'",
    "global.extra-index-url='\\nhttps://a.example/simple\\nhttps://b.example/simple'",
    "install.index-url='https://two.example/simple'",
    "freeze.timeout='10'",
  ].join('\n');
  expect(parsePipConfig(listed)).toEqual({
    'index-url': 'https://three.example/simple',
    'find-links': '/opt/wheels',
    'extra-index-url': 'https://a.example/simple https://b.example/simple',
  });
});

it("where there is no pip its variables of the server's environment count, without what builds do not need", async () => {
  const path = process.env['PATH'];
  process.env['PATH'] = '/nonexistent';
  try {
    const { pip } = readConfig({
      PIP_INDEX_URL: 'https://someone:secret@packages.example/simple',
      PIP_EXTRA_INDEX_URL: 'https://a.example/simple https://me:secret@b.example/simple',
      PIP_TRUSTED_HOST: '',
      PIP_CERT: '/nowhere.pem',
      PIP_FIND_LINKS: '/opt/wheels',
    });
    const config = await hostPipConfig(pip);
    expect(config).toEqual({
      'index-url': 'https://packages.example/simple',
      'extra-index-url': 'https://a.example/simple https://b.example/simple',
    });
    expect(pipVariables(config)).toEqual({
      PIP_INDEX_URL: 'https://packages.example/simple',
      PIP_EXTRA_INDEX_URL: 'https://a.example/simple https://b.example/simple',
    });
    expect(await hostPipConfig()).toEqual({});
  } finally {
    process.env['PATH'] = path;
  }
});

it('is written as pip reads it; certificates are where builds find them', () => {
  expect(
    pipConfText({ 'index-url': 'https://one.example/simple', cert: '/etc/host.pem' }, '/tmp/c.pem'),
  ).toBe('[global]\nindex-url = https://one.example/simple\ncert = /tmp/c.pem\n');
  expect(pipConfText({}, '/tmp/c.pem')).toBe('');
});
