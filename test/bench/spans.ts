// What a server's trace says of a stretch of time: how long git, the engine or an app's own boot was at work in it (pure).

export interface Span {
  /** `engine POST /containers/create`, `program git rev-parse`, `step built`; `buildpack`, which no trace has. */
  what: string;
  /** Nanoseconds of the machine's clock. */
  from: number;
  to: number;
}

export type Share = 'git' | 'engine' | 'buildpack' | 'other';

export interface Attribution {
  /** Seconds. */
  whole: number;
  git: number;
  engine: number;
  /** Where neither was at work beside it. */
  buildpack: number;
  /** All of the time in which none of them was at work for us. */
  ours: number;
}

export function parseTrace(text: string): Span[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Span);
}

/** These last as long as a program in a container does, not as long as the engine takes. */
const waits = [/\/wait(\?|$)/, /^engine GET \/events/, /\/attach(\?|$)/, /\/exec\/[^/]+\/start$/, /\/logs\?/];

/** It receives a push, and waits for our hook and with it for the whole deploy: what it does itself counts as ours. */
const receiving = /^program (\S*\/)?git (-c \S+ )*receive-pack\b/;

export function shareOf({ what }: Span): Share {
  if (receiving.test(what)) return 'other';
  if (/^program (\S*\/)?git /.test(what)) return 'git';
  if (what === 'buildpack') return 'buildpack';
  if (!what.startsWith('engine ') || waits.some((wait) => wait.test(what))) return 'other';
  return 'engine';
}

/** Where both were at work at once, the time is git's. */
export function attribute(spans: readonly Span[], from: number, to: number): Attribution {
  const inside = (share: Share) =>
    spans
      .filter((span) => shareOf(span) === share)
      .map((span) => ({ from: Math.max(span.from, from), to: Math.min(span.to, to) }))
      .filter((span) => span.to > span.from);
  const git = covered(inside('git'));
  const both = covered([...inside('git'), ...inside('engine')]);
  const all = covered([...inside('git'), ...inside('engine'), ...inside('buildpack')]);
  const seconds = (nanoseconds: number): number => nanoseconds / 1e9;
  return {
    whole: seconds(to - from),
    git: seconds(git),
    engine: seconds(both - git),
    buildpack: seconds(all - both),
    ours: seconds(to - from - all),
  };
}

/** The length of what at least one of them covers. */
export function covered(spans: readonly Pick<Span, 'from' | 'to'>[]): number {
  let length = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    length += Math.max(0, span.to - Math.max(span.from, end));
    end = Math.max(end, span.to);
  }
  return length;
}
