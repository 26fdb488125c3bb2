// The router as the settings want it; what it sees of requests goes to their apps' logs.
import type { Config } from '../config.ts';
import { createRouter, type Router, type RouterNeeds } from '../router/router.ts';
import type { Platform } from './context.ts';

export function routerOf(
  config: Config,
  logs: Pick<Platform['logs'], 'write'>,
  needs: Pick<RouterNeeds, 'engine' | 'instance' | 'image' | 'folder' | 'runFolder' | 'onProblem'>,
): Promise<Router> {
  return createRouter({
    ...needs,
    http: config.http,
    https: config.https,
    domain: config.domain,
    drainMs: config.drainMs,
    timeouts: { firstByteMs: config.requestTimeoutMs, idleMs: config.idleTimeoutMs },
    onAccess: (line) =>
      logs.write(line.appId, { source: 'twelve', process: 'router', text: line.text, time: line.time }),
  });
}
