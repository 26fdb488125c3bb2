// What stands between somebody who wants a build and the builder: turns, what can be cancelled, sources that were given.
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { Download } from '../domain/address.ts';
import type { Platform } from './context.ts';
import { createRunningBuilds } from './running-builds.ts';
import { createSources } from './sources.ts';
import { createTurns } from './turns.ts';

export function createDesk(
  config: Pick<Config, 'builds' | 'dataFolder' | 'buildDiskBytes'>,
  download: Download,
): Pick<Platform, 'turns' | 'running' | 'sources'> {
  return {
    turns: createTurns(config.builds),
    running: createRunningBuilds(),
    sources: createSources({
      folder: join(config.dataFolder, 'sources'),
      limitBytes: config.buildDiskBytes,
      download,
    }),
  };
}
