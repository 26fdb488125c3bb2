// Servers that come and go around commands that go on, each with its real keeper; and callers, as the command line has them.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Duplex, PassThrough, Writable } from 'node:stream';
import { createRunSessions, newRunSecret } from '../../../platform/api/run-sessions.ts';
import type { Call } from '../../../platform/cli/command.ts';
import { attachKept } from '../../../platform/cli/kept-session.ts';
import { notFound, PlatformError } from '../../../platform/domain/errors.ts';
import type { ContainerSummary, Engine } from '../../../platform/engine/engine.ts';
import { keptCommand } from '../../../platform/processes/kept/command.ts';
import { createKeptSessions, type KeptSessions } from '../../../platform/processes/kept/sessions.ts';

type Part = Pick<Engine, 'list' | 'attach' | 'inspect' | 'start' | 'wait' | 'kill'>;

/** What the engine makes of being asked to start it. @param cut closes the streams of who is attached */
type Start = (begin: () => Promise<void>, cut: () => void) => Promise<void>;

/** One container, on this machine: a program, and whoever is attached to it. */
function createOnly(command: string, app: string, session: string, start: Start) {
  let child: ChildProcess | undefined;
  let status: number | undefined;
  let gone = false;
  const attached = new Set<Duplex>();
  const early: Buffer[] = [];
  const ended = new EventEmitter().setMaxListeners(0);
  const summary = (): ContainerSummary => ({
    id: 'c1',
    name: 'run.1',
    labels: { 'twelve.app': app, 'twelve.process': 'run.1', 'twelve.session': session },
    state: status !== undefined ? 'exited' : child ? 'running' : 'created',
    imageId: '',
    addresses: {},
    createdAt: '',
  });
  const engine = {
    list: async (labels: Record<string, string>) => (gone || labels['twelve.app'] !== app ? [] : [summary()]),
    inspect: async () => {
      if (gone) throw notFound('dyno', 'gone');
      return summary();
    },
    async attach() {
      const stream = new Duplex({
        read: () => undefined,
        write(part: Buffer, _encoding, done) {
          if (child) child.stdin!.write(part);
          else early.push(part);
          done();
        },
        destroy(_error, done) {
          attached.delete(stream);
          done(null);
        },
      });
      attached.add(stream);
      if (status !== undefined) stream.push(null);
      return { stream };
    },
    start: () => start(begin, cut),
    async wait() {
      if (status === undefined) await once(ended, 'ended');
      return status!;
    },
    async kill(_id: string, signal: string) {
      if (child && status === undefined) process.kill(-child.pid!, signal as NodeJS.Signals);
    },
  } as unknown as Part as Engine;

  function cut(): void {
    for (const stream of attached) stream.push(null);
  }

  async function begin(): Promise<void> {
    const [program, ...words] = keptCommand(['/bin/sh', '-c', command], false, null);
    const one = spawn(program!, words, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    child = one;
    one.stdin.on('error', () => undefined);
    for (const part of early.splice(0)) one.stdin.write(part);
    one.stdout.on('data', (part: Buffer) => {
      for (const stream of attached) stream.push(part);
    });
    one.once('close', (code, signal) => {
      status = code ?? (signal === 'SIGKILL' ? 137 : 128);
      cut();
      ended.emit('ended');
    });
  }

  return {
    engine,
    summary,
    clear: async () => {
      gone = true;
    },
    gone: () => gone,
    killed: async () => {
      if (child && status === undefined) process.kill(-child.pid!, 'SIGKILL');
    },
  };
}

/** Whether its caller still may, which is looked at this often. */
interface Right {
  stands(): boolean;
  beatMs?: number;
}

export async function keptGround(
  command: string,
  reattachMs = 60_000,
  {
    right,
    notBegunMs,
    start = (begin) => begin(),
  }: { right?: Right; notBegunMs?: number; start?: Start } = {},
) {
  const { secret, session } = newRunSecret();
  const app = randomUUID();
  const only = createOnly(command, app, session, start);
  const told: string[] = [];
  let port = 0;
  let first = true;
  let server: ReturnType<typeof createServer> | undefined;
  const sockets = new Set<Duplex>();

  async function begin(): Promise<void> {
    const life = { over: false };
    killed = () => {
      life.over = true;
    };
    const say = (what: string) => () => void told.push(what);
    const needs: Parameters<typeof createKeptSessions>[0] = {
      engine: {
        ...only.engine,
        kill: async (...order) => void (life.over || (await only.engine.kill(...order))),
      } as Engine,
      instance: 'test',
      reattachMs,
      onProblem: (message) => told.push(message),
      oneOffList: { changed: () => undefined },
      tell: { starting: say('starting'), up: say('up'), ended: say('ended'), say: say('say') },
      ended: async (_container, status, begun) =>
        void (life.over || told.push(`ended ${status}${begun ? '' : ', not begun'}`)),
      clear: async () => void (life.over || (await only.clear())),
    };
    sessions = createKeptSessions(needs, notBegunMs);
    // The first makes it, those after it find it.
    if (first) sessions.hold(only.summary());
    else if (!only.gone()) sessions.adopt(only.summary());
    first = false;
    const stands = right?.stands ?? (() => true);
    const login = (): (() => boolean) => {
      if (!stands()) throw new PlatformError('unauthorized', 'This token is not valid.');
      return stands;
    };
    const api = createRunSessions(sessions.open, login, (message) => told.push(message), right?.beatMs);
    server = createServer().on('upgrade', (request, socket, head) => {
      sockets.add(socket);
      api.upgrade(request, socket, head);
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
    stop = () => api.close();
  }
  let sessions: KeptSessions;
  let stop = (): void => undefined;
  let killed = (): void => undefined;
  await begin();
  return {
    only,
    told,
    url: `ws://127.0.0.1:${port}/run-sessions/${app}/${secret}`,
    begin,
    awaitsFirst: () => sessions.awaitsFirst(only.summary().id),
    /** As a kill does: whatever was connected is cut off. */
    async kill(): Promise<void> {
      killed();
      const closed = new Promise((resolve) => server!.close(resolve));
      for (const socket of sockets) socket.destroy();
      sockets.clear();
      await closed;
    },
    /** As a restart does: callers are told. */
    async stop(): Promise<void> {
      killed();
      const closed = new Promise((resolve) => server!.close(resolve));
      stop();
      await closed;
    },
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The command line's side in this process. */
export function keptCaller(url: string, waitsMs = 60_000) {
  const stdin = new PassThrough();
  const sinks = [collect(), collect()] as const;
  const notices: string[] = [];
  const signals = new EventEmitter();
  const closed = new AbortController();
  const world = { stdin, stdout: sinks[0].stream, stderr: sinks[1].stream, signals };
  const out = { closed: closed.signal, notice: (text: string) => void notices.push(text) };
  const call = { world, out } as unknown as Call;
  const status = attachKept(call, { url, name: 'run.1', waitsMs, trust: {}, headers: {} }, false);
  status.catch(() => undefined);
  return {
    stdin,
    status,
    notices,
    signals,
    stopReading: () => closed.abort(),
    stdout: sinks[0].text,
    stderr: sinks[1].text,
    hold: sinks[0].hold,
  };
}

function collect() {
  const parts: Buffer[] = [];
  const held: (() => void)[] = [];
  let holding = false;
  const stream = new Writable({
    write(part: Buffer, _encoding, done) {
      parts.push(part);
      if (holding) held.push(done);
      else done();
    },
  });
  return {
    stream,
    text: () => Buffer.concat(parts).toString('latin1'),
    hold(on: boolean) {
      holding = on;
      if (!on) for (const done of held.splice(0)) done();
    },
  };
}
