// Addresses of this machine by which others may reach it.
import { networkInterfaces } from 'node:os';

/** Not those of the engine's bridges, which come and go with apps, and lead nobody here from elsewhere. */
export function ownAddresses(): { address: string; internal: boolean }[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => !/^(docker|br-|veth)/.test(name))
    .flatMap(([, entries = []]) => entries.map(({ address, internal }) => ({ address, internal })))
    .filter(({ address }) => !/^fe80:|^169\.254\./.test(address));
}
