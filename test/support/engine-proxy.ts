// A socket in front of the engine's, which a test can cut: for its server the engine is away then, for everybody else it is not.
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineSocket } from './engine-socket.ts';

export interface EngineProxy extends AsyncDisposable {
  /** What a server takes for its engine. */
  path: string;
  /** Ends every connection, and takes none until it is mended. */
  cut(): Promise<void>;
  mend(): Promise<void>;
}

export async function createEngineProxy(): Promise<EngineProxy> {
  const folder = await mkdtemp(join(tmpdir(), 'twelve-engine-'));
  const path = join(folder, 'engine.sock');
  const sockets = new Set<Socket>();
  let server: Server | undefined;

  const pass = (client: Socket): void => {
    // Streams that were upgraded end in one direction first.
    const engine = connect({ path: engineSocket, allowHalfOpen: true });
    for (const [one, other] of [
      [client, engine],
      [engine, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  };
  const mend = async (): Promise<void> => {
    const opened = createServer({ allowHalfOpen: true }, pass);
    await new Promise<void>((resolve, reject) => {
      opened.once('error', reject);
      opened.listen(path, resolve);
    });
    server = opened;
  };
  const cut = async (): Promise<void> => {
    const closed = new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
    server = undefined;
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await mend();
  return {
    path,
    cut,
    mend,
    async [Symbol.asyncDispose]() {
      await cut();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
