// Places for source archives: asked for with a token, then written and read by URLs that are secrets.
import { timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type Request, Router } from 'express';
import type { Platform } from '../../actions/context.ts';
import { builtKinds } from '../../domain/budgets.ts';
import { notFound } from '../../domain/errors.ts';
import type { Edge } from '../edge.ts';
import { parameter } from '../input.ts';
import { need } from '../need.ts';

type Right = 'get' | 'put';

export function sourceRoutes(edge: Edge): Router {
  const router = Router();
  const { platform } = edge;
  router.post(['/sources', '/apps/:app/sources'], need('deploy'), (request, response) => {
    if (request.params['app'] !== undefined) edge.app(request);
    const id = platform.sources.expect();
    const url = (right: Right): string =>
      `${edge.base(request)}/sources/${id}/${platform.store.sign(`source-${right}:${id}`)}`;
    response.status(201).json({ source_blob: { get_url: url('get'), put_url: url('put') } });
  });
  return router;
}

/** Capability URLs: the signature in the path is the right to read or to write. */
export function archiveRoutes(edge: Edge): Router {
  const router = Router();
  const { platform } = edge;
  router.put('/sources/:id/:signature', need('open'), async (request, response) => {
    const id = rightful(platform, request, 'put');
    await platform.requireSpace(builtKinds);
    try {
      await platform.sources.receive(id, request);
    } catch (error) {
      // A client that left does not wait for an answer.
      if (request.destroyed && !request.complete) return;
      throw error;
    }
    response.status(200).json({});
  });
  router.get('/sources/:id/:signature', need('open'), async (request, response) => {
    const path = platform.sources.sent(rightful(platform, request, 'get'));
    response.setHeader('Content-Type', 'application/octet-stream');
    await pipeline(createReadStream(path), response).catch(() => undefined);
  });
  return router;
}

function rightful(platform: Platform, request: Request, right: Right): string {
  const id = parameter(request, 'id');
  if (!isRight(platform, right, id, parameter(request, 'signature')))
    throw notFound('source', 'There is no place for a source here.');
  return id;
}

function isRight(platform: Platform, right: Right, id: string, signature: string): boolean {
  const wanted = Buffer.from(platform.store.sign(`source-${right}:${id}`));
  const given = Buffer.from(signature);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** The id of an archive of ours that a get_url names, over whatever address; null for another URL. */
export function sentSource(platform: Platform, text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  const [, id = '', signature = ''] = /\/sources\/([0-9a-f-]{36})\/([\w-]+)$/.exec(url?.pathname ?? '') ?? [];
  return id !== '' && isRight(platform, 'get', id, signature) ? id : null;
}
