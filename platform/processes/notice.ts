// Waiting for a condition over state that others change: they tell, the condition is looked at again.

export interface Notice {
  tell(): void;
  /** Resolves when `condition` is true, rejects with what it throws, or with the signal's reason. */
  until(condition: () => boolean, signal: AbortSignal): Promise<void>;
}

export function createNotice(): Notice {
  const waiting = new Set<() => void>();
  return {
    tell() {
      for (const look of [...waiting]) look();
    },
    until(condition, signal) {
      return new Promise((resolve, reject) => {
        const end = (settle: () => void): void => {
          waiting.delete(look);
          signal.removeEventListener('abort', look);
          settle();
        };
        const look = (): void => {
          try {
            if (signal.aborted) end(() => reject(signal.reason as Error));
            else if (condition()) end(resolve);
          } catch (error) {
            end(() => reject(error as Error));
          }
        };
        waiting.add(look);
        signal.addEventListener('abort', look);
        look();
      });
    },
  };
}
