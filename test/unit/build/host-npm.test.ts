import { expect, it } from 'vitest';
import { hostNpmConfig, npmVariables } from '../../../platform/build/host-npm.ts';
import { readConfig } from '../../../platform/config.ts';

it("where there is no npm its variables of the server's environment count, without what builds do not need", async () => {
  const path = process.env['PATH'];
  process.env['PATH'] = '/nonexistent';
  try {
    const { npm } = readConfig({
      npm_config_registry: 'http://someone:secret@packages.example:4873/',
      npm_config_strict_ssl: 'false',
      npm_config_noproxy: '',
      npm_config_cache: '/somewhere',
    });
    const config = await hostNpmConfig(npm);
    expect(config).toEqual({ registry: 'http://packages.example:4873/', 'strict-ssl': 'false' });
    expect(npmVariables(config)).toEqual({
      npm_config_registry: 'http://packages.example:4873/',
      npm_config_strict_ssl: 'false',
    });
    expect(await hostNpmConfig()).toEqual({});
  } finally {
    process.env['PATH'] = path;
  }
});
