// What the server's answer means: its value, or its refusal in its own words.
import type { IncomingMessage } from 'node:http';
import type { ClientNeeds } from './client.ts';
import { ApiError, CliError } from './errors.ts';

/** The value of a good answer. @throws ApiError with the server's own sentence, CliError when it is not our API */
export function understand(
  needs: Pick<ClientNeeds, 'url' | 'unauthorized'>,
  response: IncomingMessage,
  content: string,
): unknown {
  const status = response.statusCode ?? 0;
  const type = (response.headers['content-type'] ?? '').split(';')[0]!.trim();
  const isJson = type === 'application/json' || type.endsWith('+json');
  const value = isJson ? parseJson(content) : undefined;
  if (status >= 200 && status < 300) {
    if (value !== undefined) return value;
    if (isJson) throw new CliError(`${needs.url} answered with JSON that is broken or cut off. Try again.`);
    throw new CliError(
      `${needs.url} answered with ${type || 'something that has no type'} instead of JSON. Is this the address of Twelve's server?`,
    );
  }
  const { id, message } = (value ?? {}) as { id?: unknown; message?: unknown };
  if (status === 401) {
    // Which token it is we know, and the server that it was good once.
    const [expired = ''] = /^This token expired on [\d-]+\. /.exec(String(message)) ?? [];
    throw new ApiError(expired + needs.unauthorized, status, 'unauthorized');
  }
  if (typeof message === 'string' && message)
    throw new ApiError(message, status, typeof id === 'string' ? id : '');
  throw new ApiError(
    `${needs.url} answered with status ${status} and no explanation. Is this the address of Twelve's server?`,
    status,
    '',
  );
}

/** @returns undefined when it is none */
export function parseJson(content: string): unknown {
  try {
    return JSON.parse(content) as unknown;
  } catch {
    return undefined;
  }
}
