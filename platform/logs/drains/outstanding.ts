// What the kernel says of connections: how much of what it was given the other machine has not acknowledged.
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';

export interface Outstanding {
  bytes: number;
  /** They are sent again and again; a machine whose buffers are full answers. */
  unanswered: boolean;
}

export interface Watcher {
  /**
   * Asks again and again, until the returned function is called.
   * @param ask called before the kernel is asked: what it returns gets the answer, undefined where there is none
   */
  watch(socket: Socket, ask: () => (outstanding: Outstanding | undefined) => void): () => void;
}

type Question = Parameters<Watcher['watch']>;

export interface WatcherNeeds {
  everyMs?: number;
  /** One of the kernel's tables; nothing where there is none. */
  read?: (path: string) => Promise<string>;
}

const tables = ['/proc/self/net/tcp', '/proc/self/net/tcp6'];

/** One table has all connections of the machine, so all are asked after at once. */
export function createWatcher({ everyMs = 2000, read = readIfThere }: WatcherNeeds = {}): Watcher {
  const questions = new Set<Question>();
  let timer: NodeJS.Timeout | undefined;

  async function round(): Promise<void> {
    const asked = [...questions].map((question) => ({ question, answer: question[1]() }));
    const wanted = new Set(asked.map(({ question: [socket] }) => portsOf(socket)));
    const found = new Map<string, Outstanding>();
    for (const table of tables)
      for (const line of (await read(table)).split('\n')) {
        const ports = portsIn(line);
        if (wanted.has(ports)) take(line, ports, found);
      }
    for (const { question, answer } of asked)
      if (questions.has(question)) answer(found.get(portsOf(question[0])));
    next();
  }

  function next(): void {
    timer = questions.size > 0 ? setTimeout(round, everyMs).unref() : undefined;
  }

  return {
    watch(...question) {
      questions.add(question);
      if (!timer) next();
      return () => void questions.delete(question);
    },
  };
}

export const kernel: Watcher = createWatcher();

/** Elsewhere than on Linux there are no such tables. */
function readIfThere(path: string): Promise<string> {
  return readFile(path, 'latin1').catch(() => '');
}

/** `sl: local:port remote:port …`: there may be many thousand lines, so no more of each is looked at. */
function portsIn(line: string): string {
  const local = line.indexOf(':', line.indexOf(':') + 1) + 1;
  const remote = line.indexOf(':', local) + 1;
  return `${line.slice(local, local + 4)} ${line.slice(remote, remote + 4)}`;
}

function portsOf({ localPort = 0, remotePort = 0 }: Socket): string {
  const [local, remote] = [localPort, remotePort].map((port) =>
    port.toString(16).toUpperCase().padStart(4, '0'),
  );
  return `${local} ${remote}`;
}

const retransmitting = '01';

/** `… st tx_queue:rx_queue timer:when tries …`, in hexadecimal. Where two connections have the same ports, the worse. */
function take(line: string, ports: string, found: Map<string, Outstanding>): void {
  const [, , , , queues = '', timer = '', tries = ''] = line.trim().split(/\s+/);
  const bytes = Number.parseInt(queues, 16);
  const unanswered = timer.startsWith(retransmitting) && Number.parseInt(tries, 16) > 0;
  const known = found.get(ports);
  if (!known || known.bytes < bytes) found.set(ports, { bytes, unanswered });
}
