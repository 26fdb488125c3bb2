// A command line of a test's own user on a terminal of its own.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestPlatform } from './platform.ts';
import type { Running } from './program.ts';

export interface Terminal extends Running {
  /** From the outside, as a window that is drawn larger. */
  resize(columns: number, rows: number): Promise<void>;
}

/** `twelve <words>` on a terminal of 101 x 37; after its end `status=…` is printed. @param words as a shell reads them */
export function onTerminal(platform: TestPlatform, folder: string, words: string): Terminal {
  const script = join(folder, '..', `terminal-${Math.random().toString(36).slice(2)}.sh`);
  writeFileSync(
    script,
    `#!/bin/sh\nstty cols 101 rows 37\necho "pty=$(tty)"\n${platform.cliCommand} ${words}\necho "status=$?"\n`,
  );
  chmodSync(script, 0o755);
  const running = platform.start('script', ['-qfec', script, '/dev/null'], { env: { TERM: 'xterm' } });
  return {
    ...running,
    async resize(columns, rows) {
      await running.printed(/pty=\S+/);
      const pty = /pty=(\S+)/.exec(running.output())![1]!;
      const size = ['-F', pty, 'cols', String(columns), 'rows', String(rows)];
      await platform.start('stty', size).result;
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
