// What an app has and the server has too: where the routes of each begin, whose it is, and who may.
import type { Request } from 'express';
import type { CertificateOwner } from '../actions/certificates.ts';
import type { Need } from '../domain/access.ts';
import type { Edge } from './edge.ts';

export interface Owners {
  /** Before the name of what they have. */
  path: string;
  ownerOf(request: Request): CertificateOwner;
  look: Need;
  alter: Need;
}

/** Apps, and the server. */
export function allOwners(edge: Edge): Owners[] {
  return [
    { path: '/apps/:app', ownerOf: edge.app, look: 'read', alter: 'write' },
    { path: '', ownerOf: () => null, look: 'admin', alter: 'admin' },
  ];
}
