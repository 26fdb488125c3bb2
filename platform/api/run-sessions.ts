// `run` over a WebSocket whose caller may come back, to us or to the next server: it says what it has, and is sent the rest.
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { nanoid } from 'nanoid';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { hasCode, messageOf, PlatformError } from '../domain/errors.ts';
import type { Caller, Seen } from '../processes/kept/link.ts';
import type { KeptSession, KeptSessions } from '../processes/kept/sessions.ts';
import { channel, latestSize, readMessage, relayed, revoked, tell } from './attach-words.ts';
import { beat, keepAlive, usualBeatMs } from './beat.ts';
import type { RunLogin } from './run-login.ts';
import { refuseHandshake, refuseUpgrade } from './unreadable.ts';

export interface RunSessions {
  /** Takes over an HTTP upgrade; false when the path is not ours. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Callers are told to come back. */
  close(): void;
}

/** In the words of WebSocket: the end that both want, and a server that is started again. */
const status = { over: 1000, comeBack: 1012, tooMuch: 1008 } as const;
/** A caller may send so much that the process has not taken yet. */
const aheadBytes = 1_048_576;

const urlPattern = /^\/run-sessions\/([\da-f-]{36})\/([\w-]{32})(?:\?stdout=(\d{1,15})&stderr=(\d{1,15}))?$/;

interface Place {
  /** Its id. */
  app: string;
  session: string;
  stands(): boolean;
}

/** @returns the secret of a URL, and what is known of it elsewhere */
export function newRunSecret(): { secret: string; session: string } {
  const secret = nanoid(32);
  return { secret, session: hashOf(secret) };
}

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** @param login is asked whenever somebody comes, before anything else is; what it returns, while they stay */
export function createRunSessions(
  open: KeptSessions['open'],
  login: RunLogin,
  onProblem: (message: string) => void,
  beatMs = usualBeatMs,
): RunSessions {
  const server = new WebSocketServer({ noServer: true, maxPayload: 4 * 1_048_576 });
  server.on('wsClientError', (error, socket, { method }) => refuseHandshake(socket, method, error.message));
  /** By app and session: who may run something in another app gets to none of these with the secret alone. */
  const callers = new Map<string, WebSocket>();
  let closing = false;

  async function accept(
    { app, session, stands }: Place,
    seen: Seen,
    ...[request, socket, head]: [IncomingMessage, Duplex, Buffer]
  ): Promise<void> {
    const key = `${app} ${session}`;
    // It came back before we noticed that it had gone.
    callers.get(key)?.terminate();
    const early: (() => void)[] = [];
    let client: WebSocket | undefined;
    const input = { written: 0, taken: 0 };
    const caller = callerOf(
      (send) => (client ? send(client) : early.push(() => send(client!))),
      (bytes) => {
        input.taken = bytes;
      },
    );
    const found = await open(app, session, seen, caller);
    input.written = found.taken;
    input.taken = Math.max(input.taken, found.taken);
    if (closing || socket.destroyed) return found.left();
    socket.once('close', found.left);
    server.handleUpgrade(request, socket, head, (connected) => {
      client = connected;
      socket.off('close', found.left);
      keepAlive(socket, beatMs);
      callers.set(key, client);
      client.once('close', () => callers.get(key) === connected && callers.delete(key));
      tell(client, { type: 'started', name: found.name, taken: found.taken });
      for (const send of early.splice(0)) send();
      const heart = beat(client, beatMs, () => endRevoked(connected, found, stands), onProblem);
      client.once('close', heart.end);
      serve(client, found, input).catch((error: unknown) => {
        onProblem(`run: ${messageOf(error)}`);
        found.left();
        if (hasCode(error, 'engine_unavailable')) return connected.close(status.comeBack);
        tell(connected, { type: 'error', message: messageOf(error) });
        connected.close(status.over);
      });
    });
  }

  return {
    upgrade(request, socket, head) {
      const url = urlPattern.exec(request.url ?? '');
      if (!url) return false;
      const [, app = '', secret = '', stdout = 0, stderr = 0] = url;
      const refuse = (error: unknown): void => refuseUpgrade(socket, request.method, refusalOf(error));
      try {
        const place = { app, session: hashOf(secret), stands: login(request, app) };
        const seen = { stdout: Number(stdout), stderr: Number(stderr) };
        accept(place, seen, request, socket, head).catch(refuse);
      } catch (error) {
        refuse(error);
      }
      return true;
    },
    close() {
      closing = true;
      for (const client of server.clients) {
        client.close(status.comeBack);
        // Who does not answer is not waited for.
        setTimeout(() => client.terminate(), 200).unref();
      }
      server.close();
    },
  };
}

/** What cannot be now may be tried again: a caller that comes for the first time is told why, one that comes back waits. */
function refusalOf(error: unknown): PlatformError {
  if (hasCode(error, 'unauthorized', 'forbidden', 'rate_limit', 'not_found')) return error;
  return new PlatformError('service_unavailable', messageOf(error));
}

/** Its process is hung up on, as when its caller leaves: at once, whatever the caller answers to that. */
function endRevoked(client: WebSocket, session: KeptSession, stands: () => boolean): void {
  if (stands()) return;
  tell(client, { type: 'error', message: revoked });
  session.hangUp();
  client.close(status.over);
}

/** @param send now, or as soon as there is a connection. @param taken told how much of its input the process has */
function callerOf(send: (what: (client: WebSocket) => void) => void, taken: (bytes: number) => void): Caller {
  return {
    output: (kind, bytes) => send((client) => client.send(Buffer.concat([Buffer.of(channel[kind]), bytes]))),
    taken(bytes) {
      taken(bytes);
      send((client) => tell(client, { type: 'taken', bytes }));
    },
    ended: (code) => send((client) => tell(client, { type: 'ended', code })),
  };
}

async function serve(
  client: WebSocket,
  session: KeptSession,
  input: { written: number; taken: number },
): Promise<void> {
  const words = { ...session, resize: latestSize(async (columns, rows) => session.resize(columns, rows)) };
  client.on('message', (data: RawData, binary) => {
    // Nothing more of one who was told to go, and does not.
    if (client.readyState !== client.OPEN) return;
    if (!binary) return fromCaller(words, String(data));
    input.written += (data as Buffer).length;
    if (input.written - input.taken > aheadBytes) return client.close(status.tooMuch);
    session.write(data as Buffer);
  });
  // A frame that is none, or one too large: ws ends the connection, and its caller may come back.
  client.on('error', () => client.terminate());
  client.on('close', (code) => (code === status.over ? session.hangUp() : session.left()));
  const code = await session.exit;
  tell(client, { type: 'exit', code });
  client.close(status.over);
}

function fromCaller(session: KeptSession, text: string): void {
  const message = readMessage(text);
  const { stdout, stderr } = message;
  if (message.type === 'seen' && isCount(stdout) && isCount(stderr)) session.seen({ stdout, stderr });
  else if (message.type === 'bye') session.bye();
  else if (message.type === 'eof') session.endInput();
  else relayed(session, message);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
