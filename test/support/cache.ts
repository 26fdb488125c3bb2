// Where it is kept what tests fetch or make once for all their runs, and what a real disk is needed for.
import { homedir } from 'node:os';
import { join } from 'node:path';

export const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'twelve');
