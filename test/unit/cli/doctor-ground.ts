// What the doctor finds where all is well, for tests to change.
import type { Facts } from '../../../platform/cli/doctor-facts.ts';
import type { Answer } from '../../../platform/cli/doctor-ways.ts';
import type { ServerStatus } from '../../../platform/cli/v3-status.ts';
import { version } from '../../../platform/cli/version.ts';

export const gb = 1_073_741_824;
/** As a server on the internet tells it. */
export const status: ServerStatus = {
  ...{ version: version(), node: 'v20.20.2', now: '2026-11-28T12:00:00.000Z', uptime: 7500, apps: 3 },
  processes: { wanted: 4, up: 3, crashed: 1 },
  builds: { running: 1, waiting: 2, at_once: 2 },
  engine: {
    ...{ version: '20.10.24', image_store: 'classic', cgroup_version: 2, architecture: 'amd64' },
    failure: null,
  },
  failing: [],
  disk: {
    ...{ total: 100 * gb, free: 50 * gb, min_free: gb / 2 },
    ...{ used: { slugs: 2 * gb, logs: 1000 }, budgets: { slugs: 3 * gb } },
    engine: { folder: '/var/lib/docker', total: 80 * gb, free: 40 * gb, shared: false },
  },
  memory: { total: 8 * gb, free: 4 * gb, server: 1e8 },
  logs: { lines: 1234, lost: 0 },
  drains: { count: 2, lag: 5, lost: 0, failing: 1 },
  domain: 'apps.example',
  http: { host: '0.0.0.0', port: 80 },
  https: null,
  boot_id: null,
  router_mark: '0123456789abcdef',
  addresses: ['203.0.113.7', '2001:db8::7', '10.0.0.7'],
  certificate_orders: null,
};
/** A name that leads where its one address is, with what came back from each port. */
export const way = (
  name: string,
  address: string,
  answer: Answer,
  more: Partial<Record<number, Answer>> = {},
) => ({
  name,
  addresses: [address],
  tries: [80, 443].map((port) => ({ address, port, answer: more[port] ?? answer })),
});
const proved = (name: string) => way(name, '203.0.113.7', 'refused', { 80: 'this server' });

/** Where nothing is to be found fault with. */
export const well: Facts = {
  client: { version: version(), node: 'v20.20.2' },
  login: { path: '/home/ada/.config/twelve/login.json', mode: 0o100600, token: true },
  ...{ url: 'https://twelve.example', unreachable: null, status, clock: { ahead: 40, precision: 20 } },
  ways: [proved('*.apps.example'), proved('apps.example')],
  ports: [{ host: 'twelve.example', port: 80, open: true }],
  ...{ tunnel: false, here: false },
};
