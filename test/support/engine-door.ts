// A door between a platform and its engine: when it is shut, no engine answers, and who was talking with it is cut off.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineSocket } from './engine-socket.ts';

export interface EngineDoor extends AsyncDisposable {
  /** For TWELVE_ENGINE. */
  socket: string;
  shut(): Promise<void>;
  open(): Promise<void>;
}

export async function openEngineDoor(): Promise<EngineDoor> {
  const folder = mkdtempSync(join(tmpdir(), 'twelve-door-'));
  const socket = join(folder, 'engine.sock');
  const through = new Set<Socket>();
  let server = createServer();

  const open = async (): Promise<void> => {
    server = createServer({ allowHalfOpen: true }, (caller) => {
      const engine = connect({ path: engineSocket, allowHalfOpen: true });
      for (const [from, to] of [
        [caller, engine],
        [engine, caller],
      ] as const) {
        through.add(from);
        from.pipe(to);
        from.on('error', () => to.destroy());
        from.once('close', () => {
          through.delete(from);
          to.destroy();
        });
      }
    });
    server.listen(socket);
    await once(server, 'listening');
  };
  const shut = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    for (const one of through) one.destroy();
    await closed;
  };

  await open();
  return {
    socket,
    open,
    shut,
    async [Symbol.asyncDispose]() {
      if (server.listening) await shut();
      rmSync(folder, { recursive: true });
    },
  };
}
