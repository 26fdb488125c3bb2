// Waiting until a time, or until somebody rings.
export interface Bell {
  ring(): void;
  /** Resolves after `ms`, when it rings, when it has rung since the last wait, or when the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export function createBell(): Bell {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    async wait(ms, signal) {
      if (!rung && !signal.aborted)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms).unref();
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
          signal.addEventListener('abort', wake, { once: true });
        });
      if (wake) signal.removeEventListener('abort', wake);
      wake = undefined;
      rung = false;
    },
  };
}
