// Health checks as tests of processes want them: quick ones, of web.
import type { HealthCheck, HealthChecks } from '../../../platform/domain/health-check.ts';

/** @param type of those that do not say another */
export const webChecks =
  (type: HealthCheck['type']) =>
  (over: Partial<HealthCheck> = {}): HealthChecks => ({ web: [healthCheck({ type, ...over })] });

export const healthCheck = (over: Partial<HealthCheck>): HealthCheck => ({
  type: 'startup',
  name: 'ready',
  probe: { how: 'http', path: '/ready', port: null, content: '', headers: [] },
  attempts: 2,
  timeout: 1,
  wait: 0.02,
  initialDelay: 0,
  warn: false,
  onFailure: null,
  ...over,
});
