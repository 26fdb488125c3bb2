// What a program says, line by line with the time of each: where the stretches of a push begin and end.
import type { ChildProcess } from 'node:child_process';

export interface ToldLine {
  /** Without git's `remote: `. */
  text: string;
  /** Nanoseconds of the machine's clock, as the server's trace has them. */
  at: number;
}

/** @throws Error with the last lines when the program's status is not 0 */
export async function told(child: ChildProcess): Promise<ToldLine[]> {
  const lines: ToldLine[] = [];
  let pending = '';
  child.stderr!.setEncoding('utf8').on('data', (piece: string) => {
    const at = Number(process.hrtime.bigint());
    const parts = (pending + piece).split('\n');
    pending = parts.pop()!;
    for (const text of parts) lines.push({ text: text.replace(/^remote: ?/, '').trimEnd(), at });
  });
  child.stdout!.resume();
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (status !== 0)
    throw new Error(
      `The push failed:\n${lines
        .map(({ text }) => text)
        .slice(-20)
        .join('\n')}`,
    );
  return lines;
}

/** @throws Error when nothing like it was said */
export function lineLike(lines: readonly ToldLine[], like: RegExp): ToldLine {
  const found = lines.find(({ text }) => like.test(text));
  if (!found)
    throw new Error(`The push said nothing like ${like}:\n${lines.map(({ text }) => text).join('\n')}`);
  return found;
}

/**
 * From our last word before the buildpacks begin to their own last one. What they do after that is not seen, and counts as ours.
 */
export function buildpackTime(lines: readonly ToldLine[]): { from: number; to: number } {
  const from = lines.findIndex(({ text }) => /^ {7}Build cache: /.test(text));
  const end = lines.findIndex(({ text }) => text === '-----> Discovering process types');
  if (from < 0 || end <= from) throw new Error('The push does not say where its build begins and ends.');
  return { from: lines[from]!.at, to: lines[end - 1]!.at };
}
