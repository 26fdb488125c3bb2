// server and server:token: what runs on the server's machine; the only commands that load the server.
import type { Command } from '../command.ts';

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

export const commands: readonly Command[] = [server, token];
