// The reference for a cold build: the same build image and settings, and the package manager alone.
import { chmod, chown, cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { goEnvText, hostGoConfig } from '../../platform/build/host-go.ts';
import { hostNpmConfig, npmrcText } from '../../platform/build/host-npm.ts';
import { hostPipConfig, pipConfText } from '../../platform/build/host-pip.ts';
import { readConfig } from '../../platform/config.ts';
import { appUid } from '../../platform/domain/process.ts';
import type { ImageName } from '../../platform/engine/images.ts';
import { type Bench, byHandLabel } from './bench.ts';
import { timed } from './polling.ts';
import { ensureImage } from './stack.ts';

export interface BareBuild {
  image: ImageName;
  /** Folder with the source, becomes the working directory. */
  source: string;
  /** For bash, which ends at the first command that fails. */
  script: string;
  env?: Readonly<Record<string, string>>;
}

const certificates = [
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'CURL_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
];

/** From `docker run` to the end of the script, with nothing of an earlier one. @returns seconds */
export async function bareBuild(
  bench: Bench,
  { image, source, script, env = {} }: BareBuild,
): Promise<number> {
  const work = join(bench.folder, 'bare');
  await rm(work, { recursive: true, force: true });
  await mkdir(work);
  await cp(source, join(work, 'app'), {
    recursive: true,
    filter: (path) => path !== join(source, '.git'),
  });
  await mkdir(join(work, 'home'));
  const pip = await hostPipConfig();
  await writeFile(join(work, 'npmrc'), npmrcText(await hostNpmConfig()));
  await writeFile(join(work, 'pip.conf'), pipConfText(pip, '/work/pip-cert.pem'));
  await writeFile(join(work, 'goenv'), goEnvText(await hostGoConfig()));
  if (pip['cert']) await cp(pip['cert'], join(work, 'pip-cert.pem'));
  await bench.programs.run('chown', ['-R', `${appUid}:${appUid}`, work]);
  await chown(work, appUid, appUid);
  await chmod(work, 0o755);
  const { caFile } = readConfig(process.env);
  const variables = {
    HOME: '/work/home',
    npm_config_globalconfig: '/work/npmrc',
    PIP_CONFIG_FILE: '/work/pip.conf',
    GOENV: '/work/goenv',
    ...(caFile ? Object.fromEntries(certificates.map((name) => [name, '/etc/twelve-ca.pem'])) : {}),
    ...env,
  };
  const container = [
    ...['run', '--rm', '--label', `${byHandLabel}=${bench.id}`, '--user', `${appUid}:${appUid}`],
    ...['--volume', `${work}:/work`, '--workdir', '/work/app', '--entrypoint', '/bin/bash'],
    ...(caFile ? ['--volume', `${caFile}:/etc/twelve-ca.pem:ro`] : []),
    ...Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
  ];
  const reference = await ensureImage(bench, image);
  return timed(() => bench.docker(...container, reference, '-euo', 'pipefail', '-c', script));
}
