// Users: people and programs that have tokens.
import { PlatformError } from './errors.ts';

export interface User {
  id: string;
  email: string;
  name: string | null;
  /** May do everything, for everybody's apps. */
  admin: boolean;
  createdAt: string;
}

/** In lower case. Nothing is ever sent there. @throws PlatformError `invalid_params` */
export function parseEmail(text: string): string {
  const email = text.trim().toLowerCase();
  if (email.length <= 254 && /^[^\s@\p{C}"<>,;:\\/]+@[^\s@\p{C}"<>,;:\\/]+$/u.test(email)) return email;
  throw new PlatformError(
    'invalid_params',
    `"${text.slice(0, 80)}" is not an e-mail address, which is what users are called by. Give one such as ada@example.com.`,
  );
}
