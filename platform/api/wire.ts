// Rules of the wire: version, request ids, cache headers, links as the client reaches us.
import { readFileSync } from 'node:fs';
import type { Request, RequestHandler } from 'express';
import { apiLevel, levelHeader, versionHeader } from '../domain/api-level.ts';
import { PlatformError } from '../domain/errors.ts';
import { addressText } from '../domain/listen-address.ts';
import type { NameSettings } from '../domain/own-names.ts';
import { nothingAt } from './errors.ts';
import { ownHost } from './names.ts';

/** Of the package; the same two steps up from the source and from the compiled file. */
export const { version: ownVersion } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };

/** Our own command line says which level it speaks; others (Heroku's) say nothing. */
export const acceptLevel: RequestHandler = (request, _response, next) => {
  const text = request.get(levelHeader);
  if (text !== undefined && Number(text) !== apiLevel) {
    const [what, remedy] =
      Number(text) > apiLevel
        ? ['too old for', 'Upgrade the server, or use the client of its version.']
        : ['too new for', "Upgrade the client to the server's version."];
    throw new PlatformError(
      'not_acceptable',
      `This server, Twelve ${ownVersion} (API level ${apiLevel}), is ${what} this client (level ${text.slice(0, 20)}). ${remedy}`,
    );
  }
  next();
};

/** Parsed loosely: any `3` or `3.<word>` is v3, and so is no version at all. */
export const acceptVersion: RequestHandler = (request, _response, next) => {
  const version = /application\/vnd\.heroku\+json\s*;\s*version=([^;,\s]+)/.exec(
    request.headers.accept ?? '',
  )?.[1];
  if (version !== undefined && !/^3(\.|$)/.test(version)) {
    throw new PlatformError(
      'not_acceptable',
      `Version ${version.slice(0, 20)} of the API is not there; this server speaks version 3.`,
    );
  }
  next();
};

/**
 * A client that resolves dots sends `/apps/hello/` for `/apps/hello/domains/..`: what it meant is not known any more, and must
 * not be taken for the app. Heroku's API answers such a path with 404, too.
 */
export const acceptPath: RequestHandler = (request, _response, next) => {
  const { path } = request;
  if (path !== '/' && path.endsWith('/')) throw nothingAt(request, ': no path of the API ends in a slash');
  next();
};

export const standardHeaders: RequestHandler = (_request, response, next) => {
  response.setHeader('RateLimit-Remaining', '4500');
  response.setHeader(versionHeader, ownVersion);
  response.setHeader(levelHeader, String(apiLevel));
  response.setHeader('Cache-Control', 'private, no-cache');
  next();
};

/** Base of links in answers: by the name that the client used, else the configured URL. */
export function linkBase(request: Request, names: NameSettings): string {
  const host = ownHost(request, names);
  const { publicUrl } = names;
  // By the name of that URL it is that: a proxy may have ended the TLS, which is not seen here.
  const isPublic = publicUrl !== null && new URL(publicUrl).host === host?.toLowerCase();
  if (host && !isPublic) return `${'encrypted' in request.socket ? 'https' : 'http'}://${host}`;
  return publicUrl ?? `http://${addressText(names.api)}`;
}
