// Where an app's requests may go: words that processes and the router share.

export interface Endpoint {
  /** `web.1` */
  process: string;
  /** Unique per container, e.g. the first 12 characters of its id. */
  key: string;
  address: string;
  port: number;
}

/** What visitors get: the app; H14, H10 or H80 pages (maintenance also while endpoints are there). */
export type RouteState = 'up' | 'none' | 'crashed' | 'maintenance';
