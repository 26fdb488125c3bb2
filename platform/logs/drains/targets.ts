// Which file speaks which protocol.
import type { DrainKind } from '../../domain/log-drain.ts';
import { createGelfTcpTarget, createGelfUdpTarget } from './gelf.ts';
import { createLogplexTarget } from './logplex.ts';
import { createSplunkTarget } from './splunk.ts';
import { createSyslogTarget } from './syslog.ts';
import type { DrainTarget, TargetNeeds } from './target.ts';

export const targets: Readonly<Record<DrainKind, (needs: TargetNeeds) => DrainTarget>> = {
  syslog: createSyslogTarget,
  'syslog+tls': createSyslogTarget,
  https: createLogplexTarget,
  'gelf+tcp': createGelfTcpTarget,
  'gelf+udp': createGelfUdpTarget,
  'splunk+https': createSplunkTarget,
};
