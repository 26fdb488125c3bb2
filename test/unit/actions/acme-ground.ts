// A platform that orders certificates: a real store and certificate service, and an authority in the test.
import { type AcmeNeeds, keepOrdering } from '../../../platform/actions/acme.ts';
import { type AcmeStatus, acmeStatuses } from '../../../platform/actions/acme-hosts.ts';
import { createCertificateService } from '../../../platform/actions/certificate-service.ts';
import type { Platform } from '../../../platform/actions/context.ts';
import { type Domain, parseHostName } from '../../../platform/domain/host-name.ts';
import type { RouterCertificates } from '../../../platform/router/router.ts';
import { type Issued, makeCertificate } from '../../support/certificates.ts';
import { createGround, type Ground } from './ground.ts';

export const directory = 'https://ca.test/dir';

export interface AcmeGround extends AsyncDisposable {
  ground: Ground;
  platform: Platform;
  authority: Issued;
  /** Of the app's log. */
  lines: string[];
  /** What the authority was asked for. */
  ordered: string[];
  /** Host → what the authority says instead. */
  refusals: Map<string, Error>;
  /** Begins ordering. @param days how far the clock of all is ahead of the machine's */
  order(days?: number, more?: Partial<AcmeNeeds>): void;
  /** Ends ordering. */
  end(): void;
  /** Another authority is asked from now on. */
  askOf(url: string): void;
  /** Adds one to the app. */
  domain(name: string): Domain;
  status(host: string): AcmeStatus | null;
  allServed(): string[];
  /** Of the app. */
  hostsServed(): string[];
  /** Of what the first authority said something else; `all`: of all orders. */
  failing(): string[];
}

export async function createAcmeGround(): Promise<AcmeGround> {
  let served: RouterCertificates | undefined;
  let ahead = 0;
  let end = (): void => undefined;
  const lines: string[] = [];
  const ordered: string[] = [];
  const refusals = new Map<string, Error>();
  const authority = await makeCertificate('Public CA', { authority: true });
  const ground = createGround({
    config: {
      ...{ domain: 'apps.test', publicUrl: null, apiNames: [], apiTls: null, http: { port: 80 } },
      https: { host: '127.0.0.1', port: 443 },
      acme: { directory, email: 'a@b.test', caFile: null },
      api: { host: '127.0.0.1', port: 5480 },
    } as unknown as Platform['config'],
    logs: {
      write: (_id: string, line: { text: string }) => lines.push(line.text),
    } as unknown as Platform['logs'],
  });
  const { store, config } = ground.platform;
  const secure = async (wanted: RouterCertificates): Promise<void> => {
    served = wanted;
  };
  const certificates = await createCertificateService({
    ...{ store, config, router: { secure }, onProblem: () => undefined },
  });
  const platform = { ...ground.platform, certificates };
  const allServed = (): string[] => served!.entries.flatMap(({ hosts }) => hosts).sort();
  return {
    ...{ ground, platform, authority, lines, ordered, refusals, allServed },
    order(days = 0, more = {}) {
      ahead = days;
      end = keepOrdering({
        ...platform,
        now: () => new Date(Date.now() + days * 86_400_000),
        orders: {
          async order(host) {
            ordered.push(host);
            const refusal = refusals.get(host);
            if (refusal) throw refusal;
            const times = { from: ahead - 1, to: ahead + 89 };
            const leaf = await makeCertificate(host, { names: [host], issuer: authority, ...times });
            return { chain: leaf.chain + authority.chain, key: leaf.key };
          },
        },
        ...more,
      });
    },
    end: () => end(),
    askOf: (url) => void Object.assign(config, { acme: { ...config.acme, directory: url } }),
    domain: (name) => store.domains.add(ground.app.id, parseHostName(name)),
    status: (host) => acmeStatuses(platform, ground.app.id)(host),
    hostsServed: () => allServed().filter((host) => host !== 'apps.test'),
    failing() {
      const all = store.acmeFailures.of(directory, null) ? ['all'] : [];
      return [...all, ...store.acmeFailures.ofHosts(directory).keys()];
    },
    async [Symbol.asyncDispose]() {
      end();
      await certificates.close();
      ground[Symbol.dispose]();
    },
  };
}
