// One HTTP server for the API, git, log streams and attached processes.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import type { Platform } from '../actions/context.ts';
import type { Address } from '../config.ts';
import { PlatformError } from '../domain/errors.ts';
import { cannotListen } from '../domain/listen-address.ts';
import { allowLongRequests } from '../git/git.ts';
import { createAttachments } from './attach.ts';
import { authenticate } from './auth.ts';
import { jsonBody } from './body.ts';
import { createEdge, type Edge } from './edge.ts';
import { errorHandler, failedByUs, noSuchRoute, refuseWith } from './errors.ts';
import { createLogSessions } from './log-sessions.ts';
import { refusalOfNames } from './names.ts';
import { type RouteStatement, requireStated } from './need.ts';
import { isOfferAlone, serveAsItIs } from './offered-upgrade.ts';
import { limitPatience, type Patience, usualPatience } from './patience.ts';
import { answerRepeats } from './repeats.ts';
import { accountRoutes } from './routes/account.ts';
import { acmRoutes } from './routes/acm.ts';
import { appRoutes } from './routes/apps.ts';
import { auditRoutes } from './routes/audit.ts';
import { authorizationRoutes } from './routes/authorizations.ts';
import { backupRoutes } from './routes/backup.ts';
import { buildpackRoutes, registryRoutes } from './routes/buildpacks.ts';
import { buildRoutes, outputRoutes } from './routes/builds.ts';
import { authorityRoutes, certificateRoutes } from './routes/certificates.ts';
import { collaboratorRoutes } from './routes/collaborators.ts';
import { cronRoutes } from './routes/cron.ts';
import { diskRoutes } from './routes/disk.ts';
import { domainRoutes } from './routes/domains.ts';
import { errorRoutes } from './routes/errors.ts';
import { execRoutes } from './routes/exec.ts';
import { logDrainRoutes } from './routes/log-drains.ts';
import { logSessionRoutes, logStreamRoutes } from './routes/log-sessions.ts';
import { processSettingRoutes } from './routes/process-settings.ts';
import { processRoutes } from './routes/processes.ts';
import { releaseRoutes } from './routes/releases.ts';
import { healthRoutes, seenRoutes } from './routes/seen.ts';
import { archiveRoutes, sourceRoutes } from './routes/sources.ts';
import { userRoutes } from './routes/users.ts';
import { createRunLogin } from './run-login.ts';
import { createRunSessions } from './run-sessions.ts';
import { createTlsServer } from './tls-server.ts';
import { answerUnreadable, refuseUpgrade } from './unreadable.ts';
import { acceptLevel, acceptPath, acceptVersion, standardHeaders } from './wire.ts';

const startPatienceMs = 20_000;

export interface Api {
  /** There, and over TLS where the settings say. @throws PlatformError `conflict` when a port is taken */
  listen(address: Address): Promise<Address>;
  /** What runs is known: requests, which wait for it, are answered. */
  answer(): void;
  /** Everything that can be asked, and what each takes. */
  routes: readonly RouteStatement[];
  close(): Promise<void>;
}

/** @param patience with clients; what is not given is as usual */
export function createApi(platform: Platform, patience: Partial<Patience> = {}): Api {
  const patient = { ...usualPatience, ...patience };
  const attachments = createAttachments((message) => platform.log.warn(message));
  const runSessions = createRunSessions(platform.oneOffs.kept.open, createRunLogin(platform), (message) =>
    platform.log.warn(message),
  );
  const logSessions = createLogSessions(
    platform.logs,
    (appId) => platform.store.apps.byId(appId) !== undefined,
  );
  let answer!: () => void;
  const ready = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let listening: Address = platform.config.api;
  const edge = createEdge(platform, { attachments, logSessions }, () => listening);
  const { application, routes } = createApplication(edge, patient.bodyMs);
  const onRequest = (request: IncomingMessage, response: ServerResponse) => void handle(request, response);
  // Whose head is late is looked for so often.
  const timing = { connectionsCheckingInterval: Math.min(patient.headMs, 30_000) };
  const server = createServer(timing, onRequest);
  const tls = platform.config.apiTls ? createTlsServer(platform.certificates, onRequest) : null;
  const servers = [server, ...(tls ? [tls] : [])];

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = randomUUID();
    response.setHeader('Request-Id', id);
    try {
      const stranger = refusalOfNames(request, platform.config);
      if (stranger) return refuseStranger(request, response, stranger);
      await beforeAnswering(ready, response, request.url === '/health' ? 0 : startPatienceMs);
      if (response.writableEnded) return;
      if (await platform.git.handle(request, response)) return;
      application(request, response);
    } catch (error) {
      platform.log.error({ error, request: id }, 'request failed');
      refuseWith(response, failedByUs());
    }
  }

  for (const one of servers) {
    // On the whole of a request there is no limit: pushes and archives take as long as they take.
    allowLongRequests(one);
    limitPatience(one, patient);
    // Of what else is expected nothing has to be known; Node's own answer has no body.
    one.on('checkExpectation', (request, response) => one.emit('request', request, response));
    answerUnreadable(one);
    one.on('upgrade', (request, socket, head) => {
      socket.on('error', () => socket.destroy());
      if (isOfferAlone(request)) return serveAsItIs(one, request, socket as Socket, head);
      const stranger = refusalOfNames(request, platform.config);
      if (stranger) return refuseUpgrade(socket, request.method, stranger);
      const taken = attachments.upgrade(request, socket, head) || runSessions.upgrade(request, socket, head);
      if (!taken) refuseUpgrade(socket, request.method);
    });
  }

  return {
    answer,
    routes,
    async listen(address) {
      listening = await listenOn(server, address, 'TWELVE_API');
      if (tls) await listenOn(tls, platform.config.apiTls!, 'TWELVE_API_TLS');
      return listening;
    },
    async close() {
      logSessions.close();
      attachments.close();
      runSessions.close();
      const closed = servers.map((one) => new Promise<void>((resolve) => one.close(() => resolve())));
      setTimeout(() => servers.map((one) => one.closeAllConnections()), 500).unref();
      await Promise.all(closed);
    },
  };
}

/** @param bodyMs how long a JSON body may take */
function createApplication(
  edge: Edge,
  bodyMs: number,
): { application: express.Express; routes: RouteStatement[] } {
  const { platform } = edge;
  const application = express();
  application.disable('x-powered-by');
  application.use(standardHeaders, acceptPath, acceptVersion, acceptLevel);
  const byTheirUrls = [
    healthRoutes(edge),
    authorityRoutes(edge),
    logStreamRoutes(edge),
    outputRoutes(edge),
    archiveRoutes(edge),
    registryRoutes(),
  ];
  const byToken = [
    accountRoutes,
    userRoutes,
    authorizationRoutes,
    auditRoutes,
    appRoutes,
    collaboratorRoutes,
    domainRoutes,
    certificateRoutes,
    acmRoutes,
    logDrainRoutes,
    buildRoutes,
    sourceRoutes,
    buildpackRoutes,
    releaseRoutes,
    processRoutes,
    logSessionRoutes,
    execRoutes,
    errorRoutes,
    processSettingRoutes,
    cronRoutes,
    backupRoutes,
    diskRoutes,
    seenRoutes,
  ].map((routes) => routes(edge));
  // A route that does not say what it takes would be open to every token.
  const routes = requireStated([...byTheirUrls, ...byToken]);
  application.use(byTheirUrls);
  application.use(authenticate(platform.admission));
  application.use(jsonBody({ bytes: 1_048_576, ms: bodyMs }));
  application.use(answerRepeats());
  application.use(byToken);
  application.use(noSuchRoute);
  application.use(errorHandler(platform.log));
  return { application, routes };
}

/** Before anything is looked at. git shows its user plain text only. */
function refuseStranger(request: IncomingMessage, response: ServerResponse, error: PlatformError): void {
  if (!request.headers['user-agent']?.startsWith('git/')) {
    refuseWith(response, error, { Connection: 'close' });
    return;
  }
  response.writeHead(403, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' });
  response.end(`${error.message}\n`);
}

/** A server that needs longer, since it makes an image first, says so. */
async function beforeAnswering(
  ready: Promise<void>,
  response: ServerResponse,
  patienceMs: number,
): Promise<void> {
  const late = new AbortController();
  const patience = sleep(patienceMs, 'late', { signal: late.signal, ref: false });
  if ((await Promise.race([ready, patience.catch(() => undefined)])) === 'late') {
    const starting = 'The server is starting and looks at what runs. Try again in a moment.';
    refuseWith(response, new PlatformError('service_unavailable', starting), { 'Retry-After': '5' });
  }
  late.abort();
}

function listenOn(server: Server, address: Address, setting: string): Promise<Address> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(cannotListen('The API', setting, address, error)),
    );
    server.listen(address.port, address.host, () =>
      resolve({ host: address.host, port: (server.address() as AddressInfo).port }),
    );
  });
}
