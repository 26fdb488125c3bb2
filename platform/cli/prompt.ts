// Questions on the terminal, and input that is piped in.

import { StringDecoder } from 'node:string_decoder';
import type { ReadStream, WriteStream } from 'node:tty';
import type { World } from './command.ts';
import { interrupted } from './errors.ts';

/** A line typed without showing it. @throws CliError (130) on Ctrl-C */
export function askHidden(
  { stdin, stderr }: Pick<World, 'stdin' | 'stderr'>,
  question: string,
): Promise<string> {
  return readLine(stdin, stderr, question, true);
}

/** A line typed as usual. */
export function ask({ stdin, stderr }: Pick<World, 'stdin' | 'stderr'>, question: string): Promise<string> {
  return readLine(stdin, stderr, question, false);
}

/** Everything that is piped in. */
export async function readAll(stdin: ReadStream): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stdin) parts.push(Buffer.from(part as Buffer));
  return Buffer.concat(parts).toString('utf8');
}

/** The terminal is read key by key either way, so that it is restored whatever happens. */
function readLine(stdin: ReadStream, echo: WriteStream, question: string, hidden: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const decoder = new StringDecoder('utf8');
    const typed: string[] = [];
    const end = (finish: () => void): void => {
      stdin.off('data', onData);
      stdin.off('end', onEnd);
      stdin.setRawMode(false);
      stdin.pause();
      echo.write('\n');
      finish();
    };
    const onEnd = (): void => end(() => reject(interrupted()));
    const onData = (bytes: Buffer): void => {
      for (const key of decoder.write(bytes)) {
        const left = key === '\x03' || key === '\x04';
        if (left || key === '\r' || key === '\n') {
          end(() => (left ? reject(interrupted()) : resolve(typed.join(''))));
          return;
        }
        if (key === '\x7f' || key === '\b') {
          if (typed.pop() !== undefined && !hidden) echo.write('\b \b');
        } else if (key >= ' ') {
          typed.push(key);
          if (!hidden) echo.write(key);
        }
      }
    };
    echo.write(question);
    stdin.setRawMode(true);
    stdin.on('data', onData);
    stdin.on('end', onEnd);
    stdin.resume();
  });
}
