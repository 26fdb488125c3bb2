// A program on a pseudo-terminal, as a person starts it: the time to its first prompt, and its end.
import type { Bench } from './bench.ts';

/** A shell's, as the last of what was shown; what precedes it may come with escape sequences. */
const prompt = /[^\s]*[$#] $/;
const patienceMs = 30_000;
/** What the shell is told to end with: that it does so shows that it was the shell that answered. */
const status = 7;

/** Starts a command that becomes a shell, waits for the shell's prompt, and ends the shell. @throws Error when there is no prompt, or the shell does not do as it is told */
export async function untilPrompt(
  bench: Bench,
  command: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const words = Object.fromEntries(command.map((word, index) => [`WORD_${index}`, word]));
  const line = `exec ${command.map((_, index) => `"$WORD_${index}"`).join(' ')}`;
  const start = performance.now();
  const child = bench.programs.start(
    'script',
    ['--quiet', '--flush', '--return', '--command', line, '/dev/null'],
    {
      env: { ...env, ...words, TERM: 'xterm', SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  let shown = '';
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const late = setTimeout(() => child.kill('SIGTERM'), patienceMs);
  try {
    const seconds = await Promise.race([
      new Promise<number>((resolve) => {
        child.stdout!.setEncoding('utf8').on('data', (text: string) => {
          shown += text;
          if (prompt.test(shown)) resolve((performance.now() - start) / 1000);
        });
      }),
      ended.then(() => null),
    ]);
    if (seconds === null) throw new Error(`There was no prompt:\n${shown.slice(-2000)}`);
    child.stdin!.write(`exit ${status}\n`);
    const was = await ended;
    if (was !== status) throw new Error(`The shell ended with ${was}, not ${status}:\n${shown.slice(-2000)}`);
    return seconds;
  } finally {
    clearTimeout(late);
  }
}
