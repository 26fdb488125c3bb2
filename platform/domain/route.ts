// Where an app's requests may go: words that processes and the router share.
import type { RequestCode } from './code.ts';

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

/** What each of the pages is called. */
export const pageCodes: Readonly<Record<Exclude<RouteState, 'up'>, RequestCode>> = {
  maintenance: 'H80',
  crashed: 'H10',
  none: 'H14',
};

/** Of the page that visitors get instead of the app; null when they get the app. */
export function pageCodeOf(state: RouteState | null): RequestCode | null {
  return state === null || state === 'up' ? null : pageCodes[state];
}
