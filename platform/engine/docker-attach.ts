// A caller's stdin, stdout and stderr joined to a container: a raw socket with a terminal, taken apart without one.
import type { Socket } from 'node:net';
import { Duplex, Readable } from 'node:stream';
import type { DockerConnection } from './docker-connection.ts';
import type { Attachment, Engine } from './engine.ts';
import { createDemultiplexer } from './multiplex.ts';

/**
 * What a caller types to leave a container to itself; ours never does. None at all cannot be asked for: without it the engine
 * holds every Ctrl-P back until the next key, and takes Ctrl-P Ctrl-Q away from the program.
 */
export const detachKeys = 'ctrl-^,ctrl-@,ctrl-^,ctrl-@,ctrl-^,ctrl-@,ctrl-^';

export function attachTo(connection: DockerConnection): Engine['attach'] {
  return async (id, { stdin, tty }) => {
    const socket = await connection.upgrade(
      `attach to the container ${id}`,
      `/containers/${encodeURIComponent(id)}/attach`,
      { stream: '1', stdout: '1', stderr: '1', ...(stdin ? { stdin: '1' } : {}), detachKeys },
    );
    return attachmentOf(socket, tty);
  };
}

export function attachmentOf(socket: Socket, tty: boolean): Attachment {
  // Writing to what has just ended breaks the pipe; `close` says so, and no error may end the server.
  socket.on('error', () => {});
  return tty ? { stream: socket } : demultiplex(socket);
}

function demultiplex(socket: Socket): Attachment {
  const resume = (): void => void socket.resume();
  const stderr = new Readable({ read: resume });
  const stream = new Duplex({
    // The container may end its output before the caller ends its input, and the other way round.
    allowHalfOpen: true,
    read: resume,
    write: (chunk, _encoding, done) => {
      // When nobody reads any more the bytes have nowhere to go, as with a closed pipe of a program that has ended.
      if (socket.writable) socket.write(chunk, () => done());
      else done();
    },
    // Half-close: the container reads end of file, its output still comes.
    final: (done) => void (socket.writable ? socket.end(() => done()) : done()),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  const push = createDemultiplexer((kind, piece) => {
    const target = kind === 'stdout' ? stream : stderr;
    // Output nobody wants is dropped; output that waits to be read holds the container's writing up, as a pipe does.
    if (!target.destroyed && !target.push(piece)) socket.pause();
  });
  socket.on('data', push);
  socket.once('end', () => endOutput(stream, stderr));
  socket.once('close', () => endOutput(stream, stderr));
  stream.on('error', () => {});
  return { stream, stderr };
}

function endOutput(stream: Duplex, stderr: Readable): void {
  if (!stream.readableEnded && !stream.destroyed) stream.push(null);
  if (!stderr.readableEnded && !stderr.destroyed) stderr.push(null);
}
