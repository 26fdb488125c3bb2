// `twelve server:token`: makes another token, on the server's machine, while the server runs or not.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from './config.ts';
import { messageOf } from './domain/errors.ts';
import { openStore } from './store/store.ts';

/** Prints the token alone on stdout. @returns the exit status */
export async function serverToken(argv: readonly string[]): Promise<number> {
  if (argv.length > 0) {
    process.stderr.write(
      ' !     server:token takes no arguments; TWELVE_DATA says which data folder. Usage: twelve server:token\n',
    );
    return 2;
  }
  try {
    const { dataFolder } = readConfig(process.env);
    if (!existsSync(join(dataFolder, 'twelve.db'))) {
      process.stderr.write(
        ` !     There is no Twelve data in ${dataFolder}. Start the server there first, or set TWELVE_DATA to its data folder.\n`,
      );
      return 1;
    }
    const store = openStore({ folder: dataFolder });
    const admin = store.users.first();
    if (!admin) throw new Error('the server never started completely there');
    const { token, text } = store.tokens.create(admin.id, {
      description: 'made by server:token',
      scope: 'admin',
    });
    store.audit.add({
      ...{ action: 'server:token', outcome: 'done', detail: `${token.id} (admin), on the server's machine` },
      ...{ userId: admin.id, userEmail: admin.email, tokenId: null, appId: null, appName: null },
      ...{ address: null, requestId: null },
    });
    process.stdout.write(`${text}\n`);
    store.close();
    return 0;
  } catch (error) {
    process.stderr.write(` !     No token was made: ${messageOf(error)}\n`);
    return 1;
  }
}
