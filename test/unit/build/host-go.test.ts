import { expect, it } from 'vitest';
import { goEnvText, hostGoConfig } from '../../../platform/build/host-go.ts';
import { readConfig } from '../../../platform/config.ts';

it("where there is no go command its variables of the server's environment count, without what builds do not need", async () => {
  const path = process.env['PATH'];
  process.env['PATH'] = '/nonexistent';
  try {
    const { go } = readConfig({
      GOPROXY: 'https://someone:secret@modules.example/go,https://x:y@other.example|direct',
      GOSUMDB: 'off',
      GOPRIVATE: '',
      GOFLAGS: '-mod=mod',
      GOPATH: '/somewhere',
    });
    const config = await hostGoConfig(go);
    expect(config).toEqual({
      GOPROXY: 'https://modules.example/go,https://other.example|direct',
      GOSUMDB: 'off',
    });
    expect(goEnvText(config)).toBe(
      'GOPROXY=https://modules.example/go,https://other.example|direct\nGOSUMDB=off\n',
    );
    expect(await hostGoConfig()).toEqual({});
  } finally {
    process.env['PATH'] = path;
  }
});
