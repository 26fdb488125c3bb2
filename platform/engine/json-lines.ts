// JSON values written one after another, one a line, as engines report progress and events.
import { StringDecoder } from 'node:string_decoder';

/** Line ends may be `\n` or `\r\n`; a value may be cut anywhere between two chunks, also inside a character. */
export async function* jsonLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of source) {
    rest += decoder.write(Buffer.from(chunk));
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield* parsed(line);
  }
  yield* parsed(rest + decoder.end());
}

function* parsed(line: string): Generator<unknown> {
  const text = line.trim();
  if (text === '') return;
  try {
    yield JSON.parse(text);
  } catch {
    // A half line is what is left when the engine goes away; the reader learns of that from the stream's end.
  }
}
