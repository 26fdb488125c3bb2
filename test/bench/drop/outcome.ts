// How an exchange with an app ended, told apart by what a visitor would have noticed (pure).

/** What was wrong with an exchange that did not end as it should. */
export type Fault =
  /** Nobody accepted the connection. */
  | 'refused'
  /** The connection ended before an answer began. */
  | 'reset'
  /** Answered with another status. */
  | 'status'
  /** Fewer bytes came than the head of the answer had told. */
  | 'short'
  /** A stream ended before its last part. */
  | 'cut'
  /** A whole answer, but not the one to this question. */
  | 'wrong'
  /** Nothing came in time. */
  | 'silent'
  | 'other';

export type Outcome =
  | { fault: null; process: string }
  | { fault: Fault; detail: string /** Which process answered, when one did. */; process: string | null };

/** A connection that failed before any answer. */
export function failedBefore(error: NodeJS.ErrnoException): Outcome {
  const detail = [error.code, error.message].filter(Boolean).join(' ');
  if (error.code === 'ECONNREFUSED') return { fault: 'refused', detail, process: null };
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return { fault: 'reset', detail, process: null };
  if (error.name === 'TimeoutError' || error.name === 'AbortError' || error.code === 'ETIMEDOUT')
    return { fault: 'silent', detail, process: null };
  return { fault: 'other', detail, process: null };
}

export interface Answer {
  status: number;
  process: string | null;
  /** Whether its end was that of the message, not of the connection. */
  complete: boolean;
  /** It was given up for its silence. */
  silent: boolean;
  /** Told by its head. */
  length: number | null;
  body: string;
}

/** @param expected the whole body; null where only its length was told */
export function outcomeOf(answer: Answer, expected: string | null): Outcome {
  const { body, process } = answer;
  const bad = (fault: Fault, detail: string): Outcome => ({ fault, detail, process });
  if (answer.status !== 200) {
    const code = /\bH\d\d\b/.exec(body)?.[0];
    return bad('status', [String(answer.status), code].filter(Boolean).join(' '));
  }
  if (!answer.complete) {
    const got = `${body.length} bytes`;
    if (answer.silent) return bad('silent', `after ${got}`);
    return answer.length === null ? bad('cut', `after ${got}`) : bad('short', `${got} of ${answer.length}`);
  }
  if (expected !== null && body !== expected) return bad('wrong', `"${body.slice(0, 80)}"`);
  return process === null ? bad('wrong', 'no process of the app answered') : { fault: null, process };
}
