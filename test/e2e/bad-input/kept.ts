// What `vars` is given before the rows: of what is not there, no row could take anything away.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from '../../support/app-repository.ts';
import { makeCertificate } from '../../support/certificates.ts';
import type { TestPlatform } from '../../support/platform.ts';

/** Something of each topic in topics.ts. @param drain where a drain may lead to on this platform */
export async function giveSettings(
  platform: Pick<TestPlatform, 'cli' | 'dataFolder'>,
  drain: string,
): Promise<void> {
  const { chain, key } = await makeCertificate('kept.example.com', { names: ['kept.example.com'] });
  const [crt, pem] = ['kept.crt', 'kept.key'].map((name) => join(platform.dataFolder, '..', name));
  await Promise.all([writeFile(crt!, chain), writeFile(pem!, key)]);
  const onVars = (...argv: string[]) => must(platform.cli([...argv, '-a', 'vars']));
  await must(platform.cli(['users:add', 'bob@example.com']));
  await onVars('access:add', 'bob@example.com');
  await onVars('domains:add', 'kept.example.com');
  await onVars('drains:add', drain);
  await onVars('certs:add', crt!, pem!);
  await must(platform.cli(['certs:add', crt!, pem!, '--server']));
  await onVars('buildpacks:set', 'static');
  await onVars('ps:set', 'parallel=2');
}
