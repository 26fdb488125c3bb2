// One question to the app over HTTP, answered at once or over some seconds, and how that ended.
import { createHash } from 'node:crypto';
import { type Agent, type IncomingMessage, request } from 'node:http';
import type { Target } from '../polling.ts';
import { type Answer, failedBefore, type Outcome, outcomeOf } from './outcome.ts';

/** Nothing in between is silent for longer. */
const patienceMs = 15_000;

export interface Question {
  path: string;
  /** Without one it is a GET. */
  body?: Buffer;
  /** The whole answer; null where its length, told by its head, says enough. */
  expected: string | null;
  /** How long the app takes. */
  ms: number;
}

let asked = 0;

export function getQuestion(): Question {
  const nonce = `answer-${++asked}`;
  return { path: `/get?nonce=${nonce}`, expected: nonce, ms: 0 };
}

export function postQuestion(bytes: number): Question {
  const body = Buffer.alloc(bytes, `body-${++asked} `);
  return { path: '/post', body, expected: createHash('sha1').update(body).digest('hex'), ms: 0 };
}

export function longQuestion(ms: number): Question {
  return { path: `/long?parts=${Math.ceil(ms / 200)}&ms=${ms}`, expected: null, ms };
}

export function eventsQuestion(ms: number): Question {
  const count = Math.ceil(ms / 200);
  const expected = Array.from({ length: count }, (_, n) => `data: ${n}\n\n`).join('');
  return { path: `/events?count=${count}&ms=${ms}`, expected, ms };
}

/** @param agent keeps the connection; without one each question has its own */
export function exchange({ host, port, name }: Target, question: Question, agent?: Agent): Promise<Outcome> {
  const { body, expected } = question;
  const late = AbortSignal.timeout(question.ms + patienceMs);
  return new Promise((resolve) => {
    const call = request(
      {
        host,
        port,
        path: question.path,
        method: body ? 'POST' : 'GET',
        headers: { Host: name, ...(body ? { 'Content-Length': body.length } : {}) },
        agent: agent ?? false,
        signal: late,
      },
      (response) => {
        // From now on the answer tells how it ends.
        call.removeAllListeners('error').on('error', () => undefined);
        void readAnswer(response, late).then((answer) => resolve(outcomeOf(answer, expected)));
      },
    );
    call.once('error', (error) => resolve(failedBefore(error)));
    call.end(body);
  });
}

function readAnswer(response: IncomingMessage, late: AbortSignal): Promise<Answer> {
  let body = '';
  response.setEncoding('latin1').on('data', (text: string) => {
    body += text;
  });
  response.once('error', () => undefined);
  return new Promise((resolve) => {
    response.once('close', () =>
      resolve({
        status: response.statusCode ?? 0,
        process: processIn(response),
        complete: response.complete,
        silent: late.aborted,
        length: Number(response.headers['content-length'] ?? Number.NaN) || null,
        body,
      }),
    );
  });
}

export function processIn({ headers }: Pick<IncomingMessage, 'headers'>): string | null {
  const named = headers['x-process'];
  return typeof named === 'string' ? named : null;
}
