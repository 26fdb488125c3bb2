// Seen from outside: is all well (no token), and figures for Prometheus.
import { Router } from 'express';
import { failingParts } from '../../actions/health.ts';
import { PlatformError } from '../../domain/errors.ts';
import type { Edge } from '../edge.ts';
import { ownVersion } from '../wire.ts';

/** Whoever asks often is told what was found a moment ago. */
const keepMs = 1000;

/** Without a token: says nothing but whether. */
export function healthRoutes({ platform }: Edge): Router {
  const router = Router();
  let last: { at: number; failing: ReturnType<typeof failingParts> } | undefined;
  router.get('/health', async (_request, response) => {
    if (!last || Date.now() - last.at > keepMs) last = { at: Date.now(), failing: failingParts(platform) };
    const failing = await last.failing;
    if (failing.length > 0)
      throw new PlatformError('service_unavailable', `No answer from: ${failing.join(', ')}.`);
    response.json({ status: 'ok' });
  });
  return router;
}

export function metricsRoutes({ platform }: Edge): Router {
  const router = Router();
  router.get('/metrics', async (_request, response) => {
    // Loaded by who is asked: most servers never are.
    const [{ collectMetrics }, { metric, metricsText }] = await Promise.all([
      import('../../actions/metrics.ts'),
      import('../../domain/metric.ts'),
    ]);
    const about = metric('twelve_info', 'gauge', 'Always 1; says which version runs.');
    about.add({ version: ownVersion, node: process.version }, 1);
    response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
    response.end(metricsText([about, ...(await collectMetrics(platform))]));
  });
  return router;
}
