// How the server stands, as the API tells it and as far as the CLI reads it: ours.

/** `GET /server/status` */
export interface ServerStatus {
  version: string;
  node: string;
  /** When it answered. */
  now: string;
  /** Seconds. */
  uptime: number;
  apps: number;
  processes: { wanted: number; up: number; crashed: number };
  builds: { running: number; waiting: number; at_once: number };
  engine: {
    version: string | null;
    image_store: string | null;
    cgroup_version: number | null;
    architecture: string | null;
    failure: string | null;
  };
  /** Absent from a server that does not look; null: the engine does not tell. */
  images?: { packages_as_of: string | null; apps_behind: string[] } | null;
  /** Parts that do not answer. */
  failing: string[];
  /** Of its machine's kernel since it was started; null where none tells it. */
  boot_id: string | null;
  /** Bytes. */
  disk: {
    total: number;
    free: number;
    min_free: number;
    /** By kind; null: not known now. */
    used: Record<string, number> | null;
    /** Of the kinds that have one; absent from a server that has none. */
    budgets?: Record<string, number>;
    /** Where the engine keeps what is its; null: the server does not see it. shared: it is the data folder's disk. */
    engine: { folder: string; total: number; free: number; shared: boolean } | null;
  };
  memory: { total: number; free: number; server: number };
  logs: { lines: number; lost: number } | null;
  drains: { count: number; lag: number; lost: number; failing: number } | null;
  domain: string;
  /** What the router marks its page for names without an app with (`X-Twelve-Router`); absent from a server whose router does not. */
  router_mark?: string;
  /** Of its machine, but for loopback. */
  addresses?: string[];
  /** null where no certificates are ordered. */
  certificate_orders?: {
    hosts: number;
    failing: number;
    /** app null: it is the server's own. */
    first: { app: { name: string } | null; hostname: string; reason: string } | null;
  } | null;
  /** Added ones in use that end within two weeks or have ended, the first to end first; absent from a server that does not look. */
  certificates_ending?: {
    /** null: it is the server's own. */
    app: { name: string } | null;
    name: string;
    expires_at: string;
    /** One of the names that are served with it. */
    hostname: string;
  }[];
  /** A sentence for each name of the platform that an app has too; absent from a server that does not look. */
  names_taken?: string[];
  http: { host: string; port: number };
  /** null where visitors are not served over TLS. */
  https: { host: string; port: number } | null;
}
