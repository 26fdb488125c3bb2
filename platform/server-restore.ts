// `twelve server:restore` and `server:key`: what is done with a backup on the server's machine, without a server.
import { chmodSync, constants, copyFileSync, existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { restoreBackup } from './actions/restore.ts';
import { readConfig } from './config.ts';
import { messageOf, PlatformError } from './domain/errors.ts';

/** @returns the exit status */
export async function serverRestore(order: {
  file: string;
  key: string;
  data: string | undefined;
  signal: AbortSignal;
}): Promise<number> {
  try {
    const folder = order.data === undefined ? readConfig(process.env).dataFolder : resolve(order.data);
    const { madeAt, twelve, lost } = await restoreBackup({
      file: resolve(order.file),
      keyFile: resolve(order.key),
      folder,
      signal: order.signal,
      note: (line) => process.stderr.write(`${line}...\n`),
    });
    process.stdout.write(
      `${folder} is as it was at ${inWords(madeAt)} (Twelve ${twelve}). ${howToStart(folder)}\n`,
    );
    process.stderr.write(
      'Tokens that were revoked since then are good again, and users and access that were taken away are there: see twelve users, authorizations and access.\n',
    );
    if (lost.length > 0)
      process.stderr.write(
        ` !     ${lost.length} slugs were not whole when it was made; releases with them cannot run.\n`,
      );
    return 0;
  } catch (error) {
    if (order.signal.aborted) return 130;
    return tell(error);
  }
}

/** The folder of another user's is that of a service: who restored is root. */
function howToStart(folder: string): string {
  if (statSync(folder).uid === process.getuid?.())
    return `Start the server, and its apps come back: TWELVE_DATA=${folder} twelve server`;
  return 'It belongs to the user who had the folder. Start the server as that user, and its apps come back; as a service: systemctl start twelve (without systemd: twelve-service start)';
}

/** Copies the key of the data folder here. @returns the exit status */
export function serverKey(file: string): number {
  try {
    const { dataFolder } = readConfig(process.env);
    const key = join(dataFolder, 'secret.key');
    if (!existsSync(key))
      throw new PlatformError(
        'not_found',
        `There is no key in ${dataFolder}. Run this on the server's machine, with TWELVE_DATA set to its data folder.`,
      );
    copyFileSync(key, file, constants.COPYFILE_EXCL);
    chmodSync(file, 0o600);
    process.stderr.write(
      `The key is in ${file}. Whoever has it and a backup reads every config var: keep them apart.\n`,
    );
    return 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return tell(error);
    return tell(new PlatformError('conflict', `${file} is there already, and is not written over.`));
  }
}

function tell(error: unknown): number {
  process.stderr.write(` !     ${messageOf(error)}\n`);
  if (!(error instanceof PlatformError) && !(error as NodeJS.ErrnoException).code)
    process.stderr.write(`${(error as Error).stack ?? ''}\n`);
  return 1;
}

/** As the command line shows times, in UTC. */
function inWords(iso: string): string {
  return `${iso.slice(0, 10).replaceAll('-', '/')} ${iso.slice(11, 19)} +0000`;
}
