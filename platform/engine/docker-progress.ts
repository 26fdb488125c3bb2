// The progress stream of pulls, imports and builds: followed to its end, since only there it says whether it worked.
import { PlatformError } from '../domain/errors.ts';
import { codeOf } from './docker-errors.ts';
import { jsonLines } from './json-lines.ts';

/** How many lines before a failure are worth showing. */
const TAIL = 20;

export interface Progress {
  stream?: string;
  status?: string;
  error?: string;
  errorDetail?: { message?: string };
}

/** @throws PlatformError with the engine's sentence and the last lines before it */
export async function followProgress(
  doing: string,
  source: AsyncIterable<Uint8Array>,
  onLine: (line: string) => void = () => {},
): Promise<void> {
  const tail: string[] = [];
  let rest = '';
  const take = (line: string): void => {
    onLine(line);
    tail.push(line);
    if (tail.length > TAIL) tail.shift();
  };
  for await (const value of jsonLines(source)) {
    const progress = value as Progress;
    const failure = progress.errorDetail?.message ?? progress.error;
    if (failure !== undefined) throw failed(doing, failure, rest === '' ? tail : [...tail, rest]);
    // A step's output comes in pieces that end anywhere; a status (of a layer) repeats itself and is not output.
    const lines = (rest + withoutColour(progress.stream ?? '')).split(/\r?\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') take(line);
  }
  if (rest !== '') take(rest);
}

/** The classic builder wraps what a step prints to stderr in red. */
function withoutColour(text: string): string {
  return text.replaceAll('\u001b[91m', '').replaceAll('\u001b[0m', '');
}

function failed(doing: string, sentence: string, tail: readonly string[]): PlatformError {
  const before = tail.length === 0 ? '' : `\n${tail.join('\n')}`;
  return new PlatformError(codeOf(sentence), `Could not ${doing}: ${sentence}${before}`, {
    lines: [...tail],
  });
}
