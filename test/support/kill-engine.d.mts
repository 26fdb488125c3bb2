// Types of kill-engine.mjs, which also a server under test loads, as it is.
export function killEngine(group: string, what: 'engine' | 'everything'): void;
