// Which file speaks which protocol.
import type { DrainKind } from '../../domain/log-drain.ts';
import { createGelfTcpTarget, createGelfUdpTarget } from './gelf.ts';
import { createLogplexTarget } from './logplex.ts';
import { createSplunkTarget } from './splunk.ts';
import { createSyslogTarget } from './syslog.ts';
import type { DrainTarget, TargetNeeds } from './target.ts';

interface Protocol {
  /** Over TLS. */
  secure: boolean;
  create(needs: TargetNeeds): DrainTarget;
}

export const protocols: Readonly<Record<DrainKind, Protocol>> = {
  syslog: { secure: false, create: createSyslogTarget },
  'syslog+tls': { secure: true, create: createSyslogTarget },
  https: { secure: true, create: createLogplexTarget },
  'gelf+tcp': { secure: false, create: createGelfTcpTarget },
  'gelf+udp': { secure: false, create: createGelfUdpTarget },
  'splunk+https': { secure: true, create: createSplunkTarget },
};
