// Health checks of a process type, as app.json declares them: when it has started, may get requests, is still alive.

/** startup: until then it is not up. readiness: gets requests while it passes. liveness: started again when it fails. */
export type CheckType = 'startup' | 'readiness' | 'liveness';

/** How it is asked. A port of null is $PORT's. */
export type Probe =
  | {
      how: 'http';
      path: string;
      port: number | null;
      content: string;
      headers: readonly { name: string; value: string }[];
    }
  | { how: 'listening'; port: number | null }
  /** Run in the container: a text by its shell, a list as it is. */
  | { how: 'command'; command: string | readonly string[] }
  /** Nothing is asked: it passes once the process has been up so many seconds. */
  | { how: 'uptime'; seconds: number };

export interface HealthCheck {
  type: CheckType;
  name: string;
  probe: Probe;
  /** Failures in a row that count as one. */
  attempts: number;
  /** Seconds, as are the others. */
  timeout: number;
  wait: number;
  initialDelay: number;
  /** A failure is told, and nothing else follows from it. */
  warn: boolean;
  /** Run in the container when it has failed. */
  onFailure: string | readonly string[] | null;
}

export type HealthChecks = Readonly<Record<string, readonly HealthCheck[]>>;

/** What one question was answered. `refused`: nothing listens there yet. */
export type Answer = { ok: true } | { ok: false; said: string; refused?: boolean };

/** What a check asks, for messages: `GET /ready on port 5006`. */
export function describeProbe(probe: Probe, webPort: number): string {
  switch (probe.how) {
    case 'http':
      return `GET ${probe.path} on port ${probe.port ?? webPort}`;
    case 'listening':
      return `port ${probe.port ?? webPort}`;
    case 'command':
      return `\`${(typeof probe.command === 'string' ? probe.command : probe.command.join(' ')).slice(0, 120)}\``;
    case 'uptime':
      return `${probe.seconds} s of uptime`;
  }
}
