// Health checks over the life of one process: first it has to pass, then it is watched.
import { describeProbe, type HealthCheck } from '../domain/health-check.ts';
import { webPort } from '../domain/process.ts';
import { pause } from './pause.ts';
import type { Ask, Target } from './probe.ts';

export interface HealthNeeds {
  target: Target;
  ask: Ask;
  /** When its container started (ms since the epoch). */
  startedAt: number;
  signal: AbortSignal;
  /** Resolves when it listens on $PORT, and at the latest after `ms`. */
  listening(ms: number): Promise<unknown>;
  /** A check whose failure is only told. */
  warn(sentence: string): void;
  onFailure(check: HealthCheck): void;
}

export interface Watcher {
  /** Whether checks are on now. */
  enabled(): boolean;
  /** Said once when it begins to fail, and once when it passes again (null). */
  readiness(check: HealthCheck, sentence: string | null): void;
  /** It is not asked again. */
  liveness(check: HealthCheck, sentence: string): void;
}

/**
 * Before it is up: those of startup, then those of readiness, all of one kind at the same time.
 * @returns why it did not pass; undefined when it did, or ended meanwhile
 */
export async function passes(
  checks: readonly HealthCheck[],
  needs: HealthNeeds,
): Promise<string | undefined> {
  for (const type of ['startup', 'readiness'] as const) {
    const outcomes = checks.filter((check) => check.type === type).map((check) => passesOne(check, needs));
    const failed = await firstFailure(outcomes);
    if (failed !== undefined || needs.signal.aborted) return needs.signal.aborted ? undefined : failed;
  }
  return undefined;
}

/** As soon as one has failed the others need not be waited for. */
function firstFailure(outcomes: readonly Promise<string | undefined>[]): Promise<string | undefined> {
  return Promise.race([
    Promise.all(outcomes).then((all) => all.find((one) => one !== undefined)),
    ...outcomes.map(
      (outcome) =>
        new Promise<string>((resolve, reject) => {
          outcome.then((one) => one !== undefined && resolve(one), reject);
        }),
    ),
  ]);
}

async function passesOne(check: HealthCheck, needs: HealthNeeds): Promise<string | undefined> {
  const { probe } = check;
  const first = probe.how === 'uptime' ? probe.seconds : check.initialDelay;
  await pause(needs.startedAt + first * 1000 - Date.now(), needs.signal);
  for (let attempt = 1; !needs.signal.aborted; attempt++) {
    const answer = await needs.ask(check, needs.target, needs.signal);
    if (answer.ok || needs.signal.aborted) return undefined;
    if (attempt >= check.attempts) {
      const sentence = failureOf(check, answer.said);
      needs.onFailure(check);
      if (!check.warn) return sentence;
      needs.warn(sentence);
      return undefined;
    }
    // Where nothing listens yet it need not be waited out: the next attempt is when something does.
    const onPort = (probe.how === 'http' || probe.how === 'listening') && (probe.port ?? webPort) === webPort;
    if (answer.refused && onPort) await needs.listening(check.wait * 1000);
    else await pause(check.wait * 1000, needs.signal);
  }
  return undefined;
}

/**
 * From when it is up until it ends.
 * @param found readiness checks that failed when a server before us watched it, which then are asked at once; null: it
 * has just passed them
 */
export function watchHealth(
  checks: readonly HealthCheck[],
  needs: HealthNeeds,
  watcher: Watcher,
  found: ReadonlySet<HealthCheck> | null,
): void {
  for (const check of checks) {
    if (check.type === 'readiness')
      void watchOne(check, needs, watcher, found ? 0 : check.wait, found?.has(check) === true);
    else if (check.type === 'liveness') {
      const first = check.initialDelay + check.wait;
      void watchOne(check, needs, watcher, first, false);
    }
  }
}

async function watchOne(
  check: HealthCheck,
  needs: HealthNeeds,
  watcher: Watcher,
  first: number,
  fails: boolean,
): Promise<void> {
  let failures = fails ? check.attempts : 0;
  for (let wait = first; ; wait = check.wait) {
    await pause(wait * 1000, needs.signal);
    if (needs.signal.aborted) return;
    const answer = watcher.enabled()
      ? await needs.ask(check, needs.target, needs.signal)
      : { ok: true as const };
    if (needs.signal.aborted) return;
    const before = failures;
    failures = answer.ok ? 0 : failures + 1;
    if (answer.ok && before >= check.attempts && !check.warn && check.type === 'readiness')
      watcher.readiness(check, null);
    if (answer.ok || failures !== check.attempts) continue;
    const sentence = failureOf(check, answer.said);
    needs.onFailure(check);
    if (check.warn) needs.warn(sentence);
    else if (check.type === 'readiness') watcher.readiness(check, sentence);
    else return watcher.liveness(check, sentence);
  }
}

/** `startup check "ready" failed (3 attempts): GET /ready on port 5006 gave status 503: "not yet"`. */
function failureOf(check: HealthCheck, said: string): string {
  const asked = describeProbe(check.probe, webPort);
  const name = check.name === asked ? '' : ` "${check.name}"`;
  const times = check.attempts === 1 ? '1 attempt' : `${check.attempts} attempts`;
  return `${check.type} check${name} failed (${times}): ${asked} gave ${said}`;
}
