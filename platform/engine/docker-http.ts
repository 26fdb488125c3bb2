// One request to the engine over its socket, by node:http: an answer as JSON, as a stream, or as a two-way socket.
import { type Agent, type IncomingMessage, type RequestOptions, request } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { DockerFailure } from './docker-errors.ts';

export interface EngineSocket {
  socketPath: string;
  agent: Agent;
}

export interface Ask {
  method: 'GET' | 'POST' | 'DELETE';
  /** `/events` */
  path: string;
  /** What is undefined is left out; objects are sent as JSON. */
  query?: Readonly<Record<string, unknown>>;
  /** An archive, or what is sent as JSON. */
  body?: Readable | object;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
}

/** Resolves with the head of a good answer. @throws DockerFailure with the engine's own words for any other */
export async function send(to: EngineSocket, ask: Ask): Promise<IncomingMessage> {
  const { body } = ask;
  const json = body === undefined || body instanceof Readable ? undefined : JSON.stringify(body);
  const outgoing = request({
    ...optionsOf(to, ask),
    ...(ask.signal ? { signal: ask.signal } : {}),
    headers: {
      Host: 'docker',
      ...(json === undefined
        ? body instanceof Readable && { 'Content-Type': 'application/x-tar' }
        : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json) }),
      ...ask.headers,
    },
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
  });
  if (body instanceof Readable) {
    // An engine that refuses early stops reading: then its answer says why, not the broken pipe.
    pipeline(body, outgoing).catch(() => undefined);
  } else outgoing.end(json);
  const answer = await answered;
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) return answer;
  throw refusal(status, await textOf(answer));
}

/** The answer as data; undefined when it is empty. */
export async function fetchJson(to: EngineSocket, ask: Ask): Promise<unknown> {
  const text = await textOf(await send(to, ask));
  return text === '' ? undefined : JSON.parse(text);
}

/** `body` is read by the engine as a whole before it turns the connection over; without one nothing is sent, or it would be input. */
export function upgrade(
  to: EngineSocket,
  ask: Pick<Ask, 'path' | 'query'> & { body?: object },
): Promise<Socket> {
  const { body, ...where } = ask;
  const json = body === undefined ? '' : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const outgoing = request({
      ...optionsOf(to, { ...where, method: 'POST' }),
      headers: {
        ...{ Host: 'docker', Connection: 'Upgrade', Upgrade: 'tcp' },
        ...(json === '' ? {} : { 'Content-Type': 'application/json' }),
        'Content-Length': String(Buffer.byteLength(json)),
      },
    });
    outgoing.once('error', reject);
    outgoing.once('upgrade', (_answer, socket: Socket, head: Buffer) => {
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    outgoing.once('response', (answer) =>
      textOf(answer).then((text) => reject(refusal(answer.statusCode ?? 0, text)), reject),
    );
    outgoing.end(json);
  });
}

function optionsOf({ socketPath, agent }: EngineSocket, { method, path, query = {} }: Ask): RequestOptions {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined)
      parts.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
  }
  const text = parts.toString();
  return { socketPath, agent, method, path: text === '' ? path : `${path}?${text}` };
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function refusal(statusCode: number, body: string): DockerFailure {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    json = { message: body };
  }
  return Object.assign(new Error(`the engine answered ${statusCode}`), { statusCode, json });
}
