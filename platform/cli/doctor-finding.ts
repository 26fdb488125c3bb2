// What the doctor says of one thing it looked at.
export interface Finding {
  what: string;
  /** skipped: there is no telling from here. */
  verdict: 'ok' | 'warning' | 'failed' | 'skipped';
  said: string;
  /** What to do; absent where nothing is. */
  advice?: string;
}

export const ok = (what: string, said: string): Finding => ({ what, verdict: 'ok', said });

export const warning = (what: string, said: string, advice: string): Finding => ({
  what,
  verdict: 'warning',
  said,
  advice,
});

export const failed = (what: string, said: string, advice: string): Finding => ({
  what,
  verdict: 'failed',
  said,
  advice,
});

export const skipped = (what: string, said: string, advice?: string): Finding => ({
  what,
  verdict: 'skipped',
  said,
  ...(advice !== undefined && { advice }),
});
