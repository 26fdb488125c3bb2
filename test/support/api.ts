// Requests to a platform's API; one that gets no answer says what the server printed meanwhile.

export type Api = <T>(
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<{ status: number; headers: Headers; body: T }>;

/** Far longer than any answer takes, far shorter than a test may. */
const limitMs = 90_000;

/** @param printed what the server has printed so far */
export function createApi(url: string, token: string, printed: () => string): Api {
  return async <T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const begun = printed().length;
    try {
      const response = await fetch(url + path, {
        method,
        headers: {
          Accept: 'application/vnd.heroku+json; version=3',
          Authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(limitMs),
      });
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        body: (text ? JSON.parse(text) : null) as T,
      };
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'TimeoutError') throw error;
      throw new Error(
        `${method} ${path} got no answer within ${limitMs / 1000} s. The server printed meanwhile:\n${printed().slice(begun)}\nbefore that:\n${printed().slice(0, begun).slice(-3000)}`,
        { cause: error },
      );
    }
  };
}
