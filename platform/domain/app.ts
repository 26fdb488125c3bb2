// Apps: what a name may be, and what the platform knows about one.
import { PlatformError } from './errors.ts';

export type AppName = string & { readonly __brand: 'AppName' };

export interface App {
  /** UUID; everything durable is keyed by it, since names can be reused after an app is destroyed. */
  id: string;
  name: AppName;
  ownerId: string;
  /** The stack its next build uses, e.g. `debian-13`. */
  stack: string;
  maintenance: boolean;
  /** Visitors over plain HTTP are sent to HTTPS. */
  httpsRedirect: boolean;
  /** The app's own network, e.g. `10.213.0.0/25`; null until a process first ran. */
  subnet: string | null;
  /** The release whose processes should serve: the last one whose rollout succeeded. */
  servingVersion: number | null;
  createdAt: string;
  updatedAt: string;
}

/** Names that would shadow our own host names or API paths. */
export const reservedAppNames: ReadonlySet<string> = new Set([
  'api',
  'git',
  'www',
  'admin',
  'twelve',
  'platform',
  'router',
  'registry',
  'localhost',
  'status',
  'dashboard',
]);

const pattern = /^[a-z][a-z0-9-]{1,28}[a-z0-9]$/;

/** The name rule of the Platform API: 3 to 30 of a-z, 0-9 and dashes, a letter first, no dash last. */
export function parseAppName(text: string): AppName {
  if (!pattern.test(text)) {
    throw new PlatformError(
      'invalid_params',
      `"${text.slice(0, 40)}" is not an app name. Use 3 to 30 lowercase letters, digits and dashes, starting with a letter and not ending in a dash.`,
    );
  }
  if (reservedAppNames.has(text)) {
    throw new PlatformError(
      'invalid_params',
      `The name "${text}" is reserved for the platform. Choose another.`,
    );
  }
  return text as AppName;
}

const adjectives = [
  'calm',
  'brave',
  'quiet',
  'bright',
  'gentle',
  'swift',
  'warm',
  'clear',
  'proud',
  'mellow',
];
const nouns = [
  'brook',
  'meadow',
  'harbor',
  'forest',
  'summit',
  'valley',
  'island',
  'garden',
  'river',
  'prairie',
];

/** A name like `calm-brook-95478`. @param random a number in [0, 1) per call */
export function generateAppName(random: () => number): AppName {
  const pick = (list: string[]): string => list[Math.floor(random() * list.length)]!;
  const digits = 10_000 + Math.floor(random() * 90_000);
  return `${pick(adjectives)}-${pick(nouns)}-${digits}` as AppName;
}
