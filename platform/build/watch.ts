// A build that runs, watched: a word when it is silent for long, its end when it takes too much disk.
import { watchDisk } from './disk.ts';
import type { BuildLimits } from './needs.ts';
import type { Output } from './output.ts';

const usualSilenceMs = 120_000;

export interface Watch {
  /** Aborted with the failure when it takes more than it may. */
  signal: AbortSignal;
  end(): void;
}

export function watchBuild(
  folder: string,
  limits: BuildLimits,
  output: Output,
  write: (line: string) => void,
  silenceMs = usualSilenceMs,
): Watch {
  const exceeded = new AbortController();
  const disk = watchDisk(folder, limits, (error) => exceeded.abort(error));
  const heart = setInterval(() => {
    const silent = Date.now() - output.lastAt.getTime();
    if (silent < silenceMs) return;
    write(`       … still running, nothing printed for ${Math.round(silent / 60_000)} min`);
  }, silenceMs / 2);
  return {
    signal: exceeded.signal,
    end() {
      clearInterval(heart);
      disk.end();
    },
  };
}
