// Where tests keep what they fetch or make once for all their runs, and what has to be on a real disk.
import { homedir } from 'node:os';
import { join } from 'node:path';

export const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'twelve');
