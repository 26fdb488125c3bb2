// Looking at an answer as it is given: most are JSON, and some are streams.
import { ServerResponse } from 'node:http';
import type { Response } from 'express';

/**
 * Once, at the first of its bytes.
 * @param around sends it, and may act before and after; `json` is what it is made of, null: it is a stream
 */
export function aroundAnswer(
  response: Response,
  around: (send: () => unknown, json: { body: unknown } | null) => unknown,
): void {
  const { json, write, end } = response;
  for (const name of ['json', 'write', 'end'] as const)
    response[name] = (...given: unknown[]) => {
      Object.assign(response, { json, write, end });
      const send = (): unknown => (response[name] as (...all: unknown[]) => unknown)(...given);
      return around(send, name === 'json' ? { body: given[0] } : null) as never;
    };
}

/** Bytes that are no answer yet: whoever is around it does not see them. */
export function writeAhead(response: Response, text: string): void {
  ServerResponse.prototype.write.call(response, text, 'utf8', undefined);
}
