// How a server is asked to stop: Ctrl-C, or SIGTERM from whoever looks after it.
export function untilSignalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve());
  });
}
