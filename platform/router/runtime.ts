// HAProxy's two command sockets: the worker's (servers, maps, figures) and the master's (reload, workers of before).
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, PlatformError } from '../domain/errors.ts';
import { parseInnerSessions, parseMap, parseServers, parseWorkers } from './replies.ts';
import { socketName, socketsIn } from './sockets.ts';
import { type Change, mapPath, type Picture } from './table.ts';

export interface Runtime {
  /** One line of commands to the worker that serves; answers what it prints. */
  ask(command: string): Promise<string>;
  /** The same to a worker that was replaced, by a reload or another container, and still has connections. */
  askOld(worker: OldWorker, command: string): Promise<string>;
  oldWorkers(): Promise<OldWorker[]>;
  /**
   * What HAProxy says it is running. Undefined while it does not answer.
   * @param name of the sockets of another than the one that serves
   */
  identity(name?: string): Promise<string | undefined>;
  picture(): Promise<Picture>;
  /** @throws PlatformError with HAProxy's words when it refused a step */
  apply(change: Change): Promise<void>;
  /** Ends the connections on which the log goes to us: HAProxy makes new ones. */
  renewLog(): Promise<void>;
  /** Hitless: a new worker takes over the listening sockets. @throws PlatformError with the reason */
  reload(): Promise<void>;
}

export interface OldWorker {
  /** File of its master's socket. */
  master: string;
  pid: number;
}

const ASK_DEADLINE_MS = 10_000;
const RELOAD_DEADLINE_MS = 60_000;
const REFUSED_DEADLINE_MS = 3_000;
/** HAProxy takes a command line of at most its buffer, 16 kB. */
const LINE_BYTES = 12_000;

/** @param folder where the sockets are, by a path short enough for a socket address */
export function createRuntime(folder: string): Runtime {
  const sockets = socketsIn(folder);
  const serving = socketName('master');
  const ask = (command: string, name?: string): Promise<string> =>
    say(`${folder}/${socketName('admin', name)}`, command, ASK_DEADLINE_MS);
  const master = (command: string, ms = ASK_DEADLINE_MS): Promise<string> =>
    whenTaken(() => say(`${folder}/${serving}`, command, ms));
  const askOld: Runtime['askOld'] = (worker, command) => {
    const line = `@!${worker.pid} ${command}`;
    return worker.master === serving
      ? master(line)
      : say(`${folder}/${worker.master}`, line, ASK_DEADLINE_MS);
  };

  async function oldWorkers(): Promise<OldWorker[]> {
    const own = parseWorkers(await master('show proc')).old.map((pid) => ({ master: serving, pid }));
    const former = sockets.formerMasters().map(async (file) => {
      // Its master ends with its last worker.
      const told = await say(`${folder}/${file}`, 'show proc', ASK_DEADLINE_MS).catch(() => '');
      const { current, old } = parseWorkers(told);
      return [...current, ...old].map((pid) => ({ master: file, pid }));
    });
    return [...own, ...(await Promise.all(former)).flat()];
  }

  async function followInOldWorkers(change: Change): Promise<void> {
    // Their clients' open connections may still bring a request: it must not reach a process that is about to stop.
    for (const worker of await oldWorkers()) {
      for (const command of [...change.add, ...change.turn])
        await askOld(worker, command).catch(() => undefined);
    }
  }

  return {
    ask: (command) => ask(command),
    askOld,
    oldWorkers,
    async identity(name) {
      const info = await ask('show info', name).catch(() => '');
      return /^description: (.*)$/m.exec(info)?.[1];
    },
    async picture() {
      const [servers, places] = await Promise.all([ask('show servers state'), ask(`show map ${mapPath}`)]);
      return { servers: parseServers(servers), places: parseMap(places) };
    },
    async apply(change) {
      for (const command of change.add) expect(command, await ask(command), /^New server registered\.$/);
      for (const line of lines(change.turn)) expect(line, await ask(line), /^$/);
      if (change.turn.length > 0) await followInOldWorkers(change);
    },
    async renewLog() {
      for (const session of parseInnerSessions(await ask('show sess')))
        await ask(`shutdown session ${session}`);
    },
    async reload() {
      const answer = await master('reload', RELOAD_DEADLINE_MS);
      if (/^Success=1$/m.test(answer)) return;
      throw new PlatformError(
        'service_unavailable',
        `The router did not accept its new configuration and goes on with the former one: ${alerts(answer)}`,
      );
    },
  };
}

/** Commands as few lines, each of which is carried out as a whole before another client's command. */
function lines(commands: readonly string[]): string[] {
  const result: string[] = [];
  let line = '';
  for (const command of commands) {
    if (line.length + command.length > LINE_BYTES) {
      result.push(line);
      line = '';
    }
    line = line === '' ? command : `${line}; ${command}`;
  }
  return line === '' ? result : [...result, line];
}

function expect(command: string, answer: string, wanted: RegExp): void {
  if (wanted.test(answer.trim())) return;
  throw new PlatformError(
    'service_unavailable',
    `The router answered "${answer.trim().slice(0, 300)}" to "${command.slice(0, 200)}".`,
  );
}

/** The lines of a start's output that say what was wrong. */
export function alerts(output: string): string {
  const found = output.split('\n').filter((line) => line.includes('[ALERT]'));
  return (found.length > 0 ? found : output.split('\n')).join(' ').trim().slice(0, 1000);
}

/**
 * The master executes itself anew at its start and at each reload, and for a moment nobody takes connections on its socket.
 * What was refused was not sent, so it may be said again.
 */
async function whenTaken(talk: () => Promise<string>): Promise<string> {
  for (const deadline = Date.now() + REFUSED_DEADLINE_MS; ; await delay(20)) {
    try {
      return await talk();
    } catch (error) {
      const { code } = (error as Error).cause as NodeJS.ErrnoException;
      if ((code !== 'ECONNREFUSED' && code !== 'ENOENT') || Date.now() > deadline) throw error;
    }
  }
}

async function say(path: string, command: string, deadlineMs: number): Promise<string> {
  const socket = connect(path);
  const deadline = new AbortController();
  const timer = delay(deadlineMs, undefined, { signal: deadline.signal }).then(
    () => socket.destroy(new Error(`no answer within ${deadlineMs / 1000} s`)),
    () => undefined,
  );
  try {
    // The end tells the master's socket, which would keep the connection, that there is no second command.
    socket.end(`${command}\n`);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString('latin1');
  } catch (error) {
    throw new PlatformError(
      'service_unavailable',
      `The router does not answer (${messageOf(error)}).`,
      {},
      {
        cause: error,
      },
    );
  } finally {
    deadline.abort();
    await timer;
  }
}
