// server, server:token, server:restore and server:key: what runs on the server's machine; the only commands that load the server.
import type { Command } from '../command.ts';
import { usageError } from '../errors.ts';

const server: Command = {
  name: 'server',
  usage: 'server',
  summary: 'run the server here in the foreground; --help lists its settings',
  example: 'TWELVE_DATA=/srv/twelve twelve server',
  flags: {},
  ownSignals: true,
  async run(call) {
    const { main } = await import('../../main.ts');
    return await main(call.words);
  },
};

const token: Command = {
  name: 'server:token',
  usage: 'server:token',
  summary: "print a new token, on the server's machine",
  example: 'twelve server:token',
  flags: {},
  ownSignals: true,
  async run(call) {
    const { serverToken } = await import('../../server-token.ts');
    return await serverToken(call.words);
  },
};

const restore: Command = {
  name: 'server:restore',
  usage: 'server:restore <file>',
  summary:
    "restore a backup into an empty data folder, on the new server's machine, before the server is started",
  example: 'twelve server:restore twelve.tgz --key twelve.key',
  flags: {
    key: { type: 'string', help: 'the key file that server:key wrote' },
    data: { type: 'string', help: 'the data folder; otherwise TWELVE_DATA' },
  },
  async run(call) {
    const key = call.text('key');
    if (!key) throw usageError('A backup is read with its key: --key <key file>, which server:key wrote.');
    const { serverRestore } = await import('../../server-restore.ts');
    return await serverRestore({ file: call.words[0]!, key, data: call.text('data'), signal: call.signal });
  },
};

const key: Command = {
  name: 'server:key',
  usage: 'server:key <file>',
  summary: "write the key of backups to a file only you can read, on the server's machine",
  example: 'twelve server:key twelve.key',
  flags: {},
  async run(call) {
    const { serverKey } = await import('../../server-restore.ts');
    return serverKey(call.words[0]!);
  },
};

export const commands: readonly Command[] = [server, token, restore, key];
