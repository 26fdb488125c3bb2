// How many builds run at once: the others wait for their turn, in the order in which they came.

export interface Turns {
  /**
   * Resolves when it is this one's turn.
   * @param onAhead told how many have to end first: at once when there are any, and whenever it changes
   * @returns ends the turn; the next one's begins
   * @throws the signal's reason
   */
  take(signal: AbortSignal, onAhead: (ahead: number) => void): Promise<() => void>;
}

interface Waiting {
  start(): void;
  onAhead(ahead: number): void;
}

export function createTurns(limit: number): Turns {
  let running = 0;
  const queue: Waiting[] = [];

  /** The first in the queue waits for one that runs, the second for one more. */
  const tell = (from: number): void => {
    for (const [index, one] of [...queue.entries()].slice(from)) one.onAhead(index + 1);
  };

  function end(): void {
    running -= 1;
    const next = queue.shift();
    if (!next) return;
    running += 1;
    next.start();
    tell(0);
  }

  /** Each turn ends once. */
  function turn(): () => void {
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      end();
    };
  }

  return {
    async take(signal, onAhead) {
      signal.throwIfAborted();
      if (running < limit) {
        running += 1;
        return turn();
      }
      return await new Promise((resolve, reject) => {
        const leave = (): void => {
          const index = queue.indexOf(waiting);
          queue.splice(index, 1);
          reject(signal.reason);
          tell(index);
        };
        const waiting: Waiting = {
          onAhead,
          start() {
            signal.removeEventListener('abort', leave);
            resolve(turn());
          },
        };
        signal.addEventListener('abort', leave, { once: true });
        queue.push(waiting);
        onAhead(queue.length);
      });
    },
  };
}

const reminderMs = 120_000;

/** Says in the build's output how many are ahead; again after some minutes, so that no connection takes it for dead. */
export async function waitForTurn(
  turns: Turns,
  signal: AbortSignal,
  write: (line: string) => void,
): Promise<() => void> {
  let ahead = 0;
  const say = (): void => {
    if (ahead > 0) write(`-----> Waiting for another build: ${ahead} ahead`);
  };
  const reminder = setInterval(say, reminderMs);
  try {
    return await turns.take(signal, (now) => {
      ahead = now;
      say();
    });
  } finally {
    clearInterval(reminder);
  }
}
