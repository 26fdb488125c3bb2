// One bash for a whole story: blocks of commands go in one after another, as a reader types them.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Shell extends AsyncDisposable {
  /** @throws Error with what was printed when it does not end, or ends the shell */
  run(commands: string, ms?: number): Promise<Ended>;
}

export interface Ended {
  /** The first command that failed where nothing handled its failure, with its status; null: none. */
  failed: string | null;
  /** Both streams in the order they were written. */
  output: string;
}

/**
 * Blocks come in on 3, each ends with a NUL, and so does each answer on 4. What a block starts has neither. Its output is a
 * file, which is complete when the block has ended. When nobody asks any more, what runs in the background is ended.
 */
const reader = `
trap 'kill $(jobs -p) 2>/dev/null' EXIT
trap '__failed=\${__failed:-"status $? of: $BASH_COMMAND"}' ERR
__output=$1
while IFS= read -r -d '' -u 3 __commands; do
  __failed=
  eval "$__commands" >"$__output" 2>&1 </dev/null 3<&- 4>&-
  printf '%s\\0' "$__failed" >&4
done
`;

/** @param file where the output of a block is kept until the next one */
export function openShell(cwd: string, env: Record<string, string>, file: string): Shell {
  const child = spawn('bash', ['--noprofile', '--norc', '-c', reader, 'bash', file], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  const blocks = child.stdio[3] as Writable;
  const answers = child.stdio[4] as Readable;
  blocks.on('error', () => undefined);
  let answered = '';
  let over = false;
  answers.setEncoding('utf8').on('data', (text: string) => {
    answered += text;
  });
  const end = new Promise<void>((resolve) => child.once('close', () => resolve()));
  void end.then(() => {
    over = true;
  });
  const output = (): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');

  return {
    async run(commands, ms = 240_000) {
      blocks.write(`${commands}\0`);
      const until = Date.now() + ms;
      while (!answered.includes('\0')) {
        if (over) throw new Error(`The shell ended. It printed:\n${output()}`);
        if (Date.now() > until)
          throw new Error(`It did not end within ${ms / 1000} s. It printed:\n${output()}`);
        await sleep(20);
      }
      const [failed = ''] = answered.split('\0');
      answered = answered.slice(failed.length + 1);
      return { failed: failed === '' ? null : failed, output: output() };
    },
    async [Symbol.asyncDispose]() {
      blocks.end();
      if (child.pid !== undefined && !over) {
        try {
          process.kill(-child.pid, 'SIGKILL');
        } catch {
          // It has just ended.
        }
      }
      await end;
    },
  };
}
