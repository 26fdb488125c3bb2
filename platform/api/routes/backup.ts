// A backup of the whole platform, streamed while everything runs. Ours: Heroku has nothing like it.
import { pipeline } from 'node:stream/promises';
import { Router } from 'express';
import { makeBackup } from '../../actions/backup.ts';
import { messageOf } from '../../domain/errors.ts';
import type { Edge } from '../edge.ts';
import { leaving, mayStay } from '../waiting.ts';
import { ownVersion } from '../wire.ts';

/** A client that takes nothing for so long holds up the collection of garbage no longer. */
const silenceMs = 10 * 60_000;
/** Who asked for it may still have it: looked at so often. */
const lookMs = 30_000;

export function backupRoutes({ platform, change, stillMay }: Edge): Router {
  const router = Router();
  // It changes nothing, and whoever has it has everything: who took one is written down.
  router.get('/server/backup', change('admin', 'server:backup'), async (request, response) => {
    // Asked for its head alone, none is made.
    if (request.method === 'HEAD') {
      response.setHeader('Content-Type', 'application/x-tar');
      response.end();
      return;
    }
    // A client that left is written to in vain.
    response.on('error', () => undefined);
    const left = leaving(response, new Error('The client left.'));
    const backup = await makeBackup(platform, { version: ownVersion, signal: left });
    backup.done.catch((error: unknown) => {
      if (!left.aborted) platform.log.error({ error: messageOf(error) }, 'a backup failed');
    });
    response.setHeader('Content-Type', 'application/x-tar');
    response.setHeader('Trailer', 'Warning-Message');
    if (backup.warning) response.setHeader('Warning-Message', backup.warning);
    response.setTimeout(silenceMs, () => response.destroy());
    const stands = stillMay(request, null);
    const look = setInterval(() => mayStay(stands) || response.destroy(), lookMs);
    response.once('close', () => clearInterval(look));
    try {
      // Ended by us, since trailers come before its end.
      await pipeline(backup.stream, response, { end: false });
      const damage = await backup.done;
      if (damage) {
        platform.log.error({ damage }, 'a backup has damaged files');
        response.addTrailers({ 'Warning-Message': damage });
      }
      response.end();
    } catch {
      // Broken off, so that what was sent is not taken for all of it.
      response.destroy();
    }
  });
  return router;
}
