// The router and its certificates as the settings want them; what it sees of requests goes to their apps' logs.
import type { Config } from '../config.ts';
import { platformNames } from '../domain/own-names.ts';
import { createRouter, type Router, type RouterNeeds } from '../router/router.ts';
import { acmeThumbprint } from './acme.ts';
import { type CertificateService, createCertificateService } from './certificate-service.ts';
import type { Platform } from './context.ts';
import { ownNamesTaken } from './domains.ts';
import { routerMark } from './router-mark.ts';

type Needs = Pick<Platform, 'store' | 'logs'> & { config: Config } & Pick<
    RouterNeeds,
    'engine' | 'instance' | 'image' | 'folder' | 'runFolder' | 'onProblem'
  >;

export async function routingOf(needs: Needs): Promise<{ router: Router; certificates: CertificateService }> {
  const { config, store, logs, engine, instance, image, folder, runFolder, onProblem } = needs;
  for (const sentence of ownNamesTaken({ store, config })) onProblem(sentence);
  const router = await createRouter({
    ...{ engine, instance, image, folder, runFolder, onProblem },
    http: config.http,
    https: config.https,
    acmeThumbprint: acmeThumbprint({ store, config }),
    mark: routerMark(instance),
    domain: config.domain,
    reserved: platformNames(config),
    drainMs: config.drainMs,
    timeouts: { firstByteMs: config.requestTimeoutMs, idleMs: config.idleTimeoutMs },
    onAccess: (line) =>
      logs.write(line.appId, { source: 'twelve', process: 'router', text: line.text, time: line.time }),
  });
  const certificates = await createCertificateService({ store, config, router, onProblem });
  return { router, certificates };
}
