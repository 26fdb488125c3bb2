// Sends such a request, and reads what is answered: a stream only as far as its beginning.
import { Agent, type IncomingMessage, request as open } from 'node:http';
import { messageOf } from '../../../platform/domain/errors.ts';
import type { ApiGround } from '../api-ground.ts';
import { slugHere, sourceHere } from './bodies.ts';
import { factsIn } from './facts.ts';
import { type Facts, pathOf, type WildRequest } from './requests.ts';

export interface WildAnswer {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
  /** What was asked, for whoever reads of a failure. */
  asked: string;
}

const streams = /^\/(log-sessions|outputs)\//;
const streamMs = 40;

export function createSender(ground: ApiGround, facts: Facts) {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  let turn = 0;

  function fill(body: Buffer | null): Buffer | null {
    if (body === null) return null;
    const text = body.toString('latin1');
    if (!text.includes('<')) return body;
    const one = (kind: string, name: string): string => {
      const list = facts.get(kind) ?? [];
      return list[turn++ % list.length]?.[name] ?? '';
    };
    return Buffer.from(
      text.replace(slugHere, one(':app:slug', ':slug')).replace(sourceHere, one('url', 'url')),
      'latin1',
    );
  }

  async function send(wild: WildRequest): Promise<WildAnswer> {
    const body = fill(wild.body);
    const path = pathOf(wild, facts);
    const token = { right: ground.token, wrong: 'twelve-wrong', none: null }[wild.token];
    const headers = {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === null ? {} : { 'content-length': String(body.length) }),
      ...wild.headers,
      ...(/^\/(attach|run-sessions)\//.test(wild.route.path)
        ? { connection: 'upgrade', upgrade: 'websocket' }
        : {}),
    };
    const asked = `${wild.method} ${path} ${JSON.stringify(headers)} ${body?.toString('latin1').slice(0, 500) ?? ''}`;
    const { response, text } = await exchange({ method: wild.method, path, headers, body }).catch((error) => {
      const said = JSON.stringify(ground.logged.at(-1) ?? null);
      throw new Error(`${asked}: ${messageOf(error)}; last said: ${said}`, { cause: error });
    });
    if (wild.token === 'right' && [401, 403].includes(response.statusCode!)) ground.renewToken();
    if (response.statusCode! < 300) factsIn(facts, path, response.headers, text);
    return { status: response.statusCode!, headers: response.headers, text, asked };
  }

  function exchange(given: { method: string; path: string; headers: object; body: Buffer | null }) {
    return new Promise<{ response: IncomingMessage; text: string }>((resolve, reject) => {
      const { method, path, body } = given;
      const sent = open({
        host: '127.0.0.1',
        port: ground.port,
        agent,
        method,
        path,
        headers: { ...given.headers },
      });
      sent.once('error', reject);
      sent.once('upgrade', (response, socket) => {
        socket.on('error', () => undefined);
        // Some frames of a WebSocket, and what is none.
        socket.end(Buffer.from('8182000000007b7d8280000000000000ffffffffffff', 'hex'));
        resolve({ response, text: '' });
      });
      sent.once('response', (response) => {
        const parts: Buffer[] = [];
        const end = (): void => resolve({ response, text: Buffer.concat(parts).toString('utf8') });
        response.on('data', (part: Buffer) => parts.push(part));
        response.once('end', end).once('error', end);
        if (streams.test(path) && response.statusCode === 200)
          setTimeout(() => {
            end();
            response.destroy();
          }, streamMs);
      });
      // Nothing waits for leave to send: whoever does not get it would wait for ever.
      sent.end(body ?? undefined);
    });
  }

  return { send, close: () => agent.destroy() };
}
