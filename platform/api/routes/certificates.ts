// Certificates of an app (Heroku's SNI endpoints), those of the server for all apps, and the platform's own authority.
import { Router } from 'express';
import { z } from 'zod';
import { addCertificate, added, findCertificate, removeCertificate } from '../../actions/certificates.ts';
import type { Certificate } from '../../domain/certificate.ts';
import { callerOf } from '../auth.ts';
import type { Edge } from '../edge.ts';
import { bodyOf, parameter } from '../input.ts';
import { answered, need } from '../need.ts';
import { allOwners, type Owners } from '../owners.ts';
import { sendList } from '../ranges.ts';
import { sniEndpoints } from '../serializers/certificates.ts';

const addBody = z.object({ certificate_chain: z.string(), private_key: z.string() });
const fields = {
  name: (one: Certificate) => one.name,
  id: (one: Certificate) => one.id,
};

export function certificateRoutes(edge: Edge): Router {
  const router = Router();
  for (const owners of allOwners(edge)) serve(router, edge, owners);
  return router;
}

/** Without a token, since whoever is about to send one has to know it before; every handshake shows it anyway. */
export function authorityRoutes({ platform }: Edge): Router {
  const router = Router();
  router.get('/certificate-authority', need('open'), async (_request, response) => {
    const { pem, fingerprint } = await platform.certificates.authority();
    response.json({ certificate: pem, fingerprint });
  });
  return router;
}

function serve(router: Router, edge: Edge, { path: before, ownerOf, look, alter }: Owners): void {
  const { platform } = edge;
  const path = `${before}/sni-endpoints`;
  router.get(path, need(look), (request, response) => {
    const owner = ownerOf(request);
    sendList(request, response, added(platform, owner), fields, sniEndpoints(platform, owner));
  });
  router.post(path, edge.change(alter, 'certs:add', nameOf), async (request, response) => {
    const owner = ownerOf(request);
    const { certificate_chain: chain, private_key: key } = bodyOf(request, addBody);
    const one = await addCertificate(platform, owner, callerOf(request), { chain, key });
    response.status(201).json(sniEndpoints(platform, owner)(one));
  });
  router.get(`${path}/:endpoint`, need(look), (request, response) => {
    const owner = ownerOf(request);
    const one = findCertificate(platform, owner, parameter(request, 'endpoint'));
    response.json(sniEndpoints(platform, owner)(one));
  });
  router.delete(
    `${path}/:endpoint`,
    edge.change(alter, 'certs:remove', nameOf),
    async (request, response) => {
      const owner = ownerOf(request);
      const gone = findCertificate(platform, owner, parameter(request, 'endpoint'));
      const shown = sniEndpoints(platform, owner)(gone);
      await removeCertificate(platform, owner, callerOf(request), gone.id);
      response.json(shown);
    },
  );
}

/** Never its key. */
const nameOf = answered('name');
