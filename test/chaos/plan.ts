// What a chaos run does, decided by a seed alone: in each round changes of apps, and the moment at which something is killed.

export const changes = [
  'push',
  'config',
  'rollback',
  'scale',
  'resize',
  'restart',
  'run',
  'detached',
] as const;
export type Change = (typeof changes)[number];

/** engine: dockerd and its containerd; everything: what runs in its containers, too; process: one of an app's, whichever. */
export const victims = ['server', 'router', 'engine', 'everything', 'process'] as const;
export type Victim = (typeof victims)[number];

export interface Round {
  number: number;
  victim: Victim;
  /** Of each app, in order; the first begins at once, the others so long after it. */
  changes: { change: Change; afterMs: number }[];
  /** When it is killed, after the start of the first change. */
  atMs: number;
  /** How long it stays away. */
  downMs: number;
  /** The server alone: killed once more so long after it is up again. */
  againMs: number | null;
  /** Which of those that could be killed, from 0 to 1. */
  which: number;
}

/** About as long as a change takes, and a little more: what it leaves behind is cleared away then. */
const usualMs: Record<Change, number> = {
  push: 4000,
  config: 3000,
  rollback: 3000,
  scale: 1500,
  resize: 3000,
  restart: 3000,
  run: 2500,
  detached: 2500,
};

/** How often each comes. */
const changeWeights: Record<Change, number> = {
  push: 4,
  config: 3,
  rollback: 3,
  scale: 3,
  resize: 2,
  restart: 2,
  run: 1,
  detached: 1,
};
const victimWeights: Record<Victim, number> = { server: 8, process: 5, router: 3, engine: 3, everything: 1 };

export function planRounds(seed: number, count: number, apps: number): Round[] {
  return Array.from({ length: count }, (_, index) => planRound(seed, index + 1, apps));
}

/** Each has numbers of its own: one more or less before it changes nothing in it. */
function planRound(seed: number, number: number, apps: number): Round {
  const random = createRandom(Math.imul(seed, 2_654_435_761) + number);
  const victim = pick(random, victims, victimWeights);
  const chosen = Array.from({ length: apps }, (_, app) => ({
    change: pick(random, changes, changeWeights),
    afterMs: app === 0 ? 0 : Math.floor(random() * 1000),
  }));
  const span = Math.max(...chosen.map(({ change, afterMs }) => afterMs + usualMs[change]));
  return {
    number,
    victim,
    changes: chosen,
    atMs: Math.floor(random() * span),
    downMs: Math.floor(random() * 1200),
    againMs: victim === 'server' && random() < 0.25 ? Math.floor(random() * 1500) : null,
    which: random(),
  };
}

function pick<T extends string>(random: () => number, from: readonly T[], weights: Record<T, number>): T {
  let left = random() * from.reduce((sum, one) => sum + weights[one], 0);
  for (const one of from) {
    left -= weights[one];
    if (left < 0) return one;
  }
  return from[0]!;
}

/** mulberry32: small, and the same everywhere. From 0 to below 1. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
