// Server-sent events, as they come out of a connection.
export interface StreamEvent {
  /** The sender's number for it; where to go on after a break. */
  id: string | undefined;
  /** None where only a place is told. */
  lines: string[];
}

/** What has neither data nor a number (comments, pings) is no event. A last one that was cut off is dropped, as the standard says. */
export async function* readEvents(source: AsyncIterable<Uint8Array>): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  let event: StreamEvent = { id: undefined, lines: [] };
  for await (const part of source) {
    rest += decoder.decode(part, { stream: true });
    const lines = rest.split(/\r\n|\n|\r(?=[^\n])/);
    rest = lines.pop()!;
    for (const line of lines) {
      if (line !== '') {
        take(event, line);
        continue;
      }
      if (event.lines.length > 0 || event.id !== undefined) yield event;
      event = { id: undefined, lines: [] };
    }
  }
}

function take(event: StreamEvent, line: string): void {
  const colon = line.indexOf(':');
  const field = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
  if (field === 'data') event.lines.push(value);
  else if (field === 'id') event.id = value;
}
