// The server: read config, open the store, choose an engine, make the stations, connect them, stop in reverse order.
import './small-heap.ts';
import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { orderCertificates } from './actions/acme.ts';
import { createAdmission } from './actions/admission.ts';
import { routeOf, stackName } from './actions/apps.ts';
import { resumeBuilds } from './actions/build-source.ts';
import { createClaims } from './actions/claims.ts';
import type { Platform } from './actions/context.ts';
import { cronOf } from './actions/cron.ts';
import { createDesk } from './actions/desk.ts';
import { requireRoom } from './actions/disk.ts';
import { createOutputs } from './actions/output.ts';
import { prepare } from './actions/prepare.ts';
import { pushesOf } from './actions/pushes.ts';
import { routingOf } from './actions/routing.ts';
import { finishPushes } from './actions/unfinished-pushes.ts';
import { createAddressChecks } from './address-check.ts';
import { createApi } from './api/server.ts';
import { createBuilder } from './build/build.ts';
import { languageImage } from './build/first-party.ts';
import { buildGround } from './build/ground.ts';
import { type Address, type Config, readConfig } from './config.ts';
import { messageOf, PlatformError } from './domain/errors.ts';
import { createDownload } from './download.ts';
import { createDockerEngine } from './engine/docker.ts';
import { hostAddresses } from './engine/host-addresses.ts';
import { createImages, serverImages } from './engine/images.ts';
import { ownLabels } from './engine/labels.ts';
import { sizesHere } from './engine/open-files.ts';
import { createGit } from './git/git.ts';
import { answerOptions, greeting } from './greeting.ts';
import { createLog, type Log } from './log.ts';
import { engineFiles } from './logs/engine-files.ts';
import { createLogs } from './logs/logs.ts';
import { createFigures } from './processes/figures.ts';
import { createAppGuard } from './processes/guard.ts';
import { createInside } from './processes/inside.ts';
import { createProcesses } from './processes/manager.ts';
import type { ProcessNeeds } from './processes/needs.ts';
import { createOneOffs } from './processes/one-off.ts';
import { realReadiness } from './processes/readiness.ts';
import { weighSession } from './session-weight.ts';
import { createSlugs } from './slugs/slugs.ts';
import { keepHeapSmall } from './small-heap.ts';
import { reached } from './step-channel.ts';
import { untilSignalled } from './stop-signal.ts';
import { firstToken, makeFolder, readInstance } from './store/data-folder.ts';
import { lockFolder, lockRun } from './store/database.ts';
import { openStore } from './store/store.ts';

export interface Server {
  api: Address;
  platform: Platform;
  /** Stops acting and lets everything that runs go on. */
  close(): Promise<void>;
}

const buildpacksFolder = join(import.meta.dirname, '..', 'buildpacks');

/** Runs the server in the foreground until a signal. @returns the exit status */
export async function main(argv: readonly string[]): Promise<number> {
  const answered = answerOptions(argv);
  if (answered !== null) return answered;
  try {
    weighSession();
    const read = readConfig(process.env);
    const config = { ...read, sizes: sizesHere(read.sizes) };
    const server = await startServer(config, createLog(config.logLevel));
    process.stdout.write(greeting(config, server.api));
    await untilSignalled();
    await server.close();
    return 0;
  } catch (error) {
    process.stderr.write(` !     ${messageOf(error)}\n`);
    if (!(error instanceof PlatformError)) process.stderr.write(`${(error as Error).stack ?? ''}\n`);
    return 1;
  }
}

/**
 * @throws PlatformError when the data folder is in use or cannot be written, the engine does not answer or a port is taken
 */
export async function startServer(config: Config, log: Log): Promise<Server> {
  makeFolder(config.dataFolder);
  const lock = lockFolder(config.dataFolder);
  const closers: (() => unknown)[] = [() => lock.release()];
  const close = async (): Promise<void> => {
    for (const end of closers.splice(0).reverse())
      await Promise.resolve(end()).catch((error: unknown) =>
        log.warn({ error: messageOf(error) }, 'stopping'),
      );
  };
  try {
    return await connect(config, log, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

/** Makes the stations and connects them: who is told what by whom is seen here and nowhere else. */
async function connect(
  config: Config,
  log: Log,
  closers: (() => unknown)[],
  close: () => Promise<void>,
): Promise<Server> {
  const onProblem = (message: string): void => log.warn(message);
  const data = (name: string): string => join(config.dataFolder, name);
  const instance = readInstance(data('instance'));
  const runFolder = config.runFolder || `/run/twelve-${instance}`;
  makeFolder(runFolder);
  closers.push(lockRun(runFolder, instance).release);
  const store = openStore({ folder: config.dataFolder, create: true });
  closers.push(() => store.close());
  firstToken(store, data('admin-token'), onProblem);
  store.audit.keep(config.auditEntries);
  store.builds.failPending('The server was stopped during this build. Push again.');

  const engine = createDockerEngine({ socketPath: config.engineSocket });
  closers.push(() => engine.close());
  const { rootFolder } = await engine.info();
  const seenByUs = engineFiles(join(rootFolder, 'containers'), config.engineContainers, onProblem);
  const images = createImages({
    engine,
    proxies: config.proxies,
    epoch: config.imagesEpoch,
    onProgress: (line) => log.info({ line }, 'making an image'),
  });
  closers.push(() => images.close());
  const image = async (...order: Parameters<typeof images.ensure>): Promise<string> =>
    (await images.ensure(...order)).reference;

  const { resolve, resolveDrain } = createAddressChecks(config, hostAddresses);
  const logs = await createLogs({
    folder: data('logs'),
    budgetBytes: config.logBudgetBytes,
    caFile: config.caFile,
    resolve: resolveDrain,
    onProblem,
  });
  closers.push(() => logs.close());
  for (const drain of store.logDrains.all()) logs.openDrain(drain);
  keepHeapSmall();
  const download = createDownload({ resolve, caFile: config.caFile });
  const [slugs, ground] = await Promise.all([
    createSlugs({
      engine,
      instance,
      folder: data('blobs'),
      address: config.registry,
      token: randomBytes(24).toString('hex'),
      onProblem,
    }),
    buildGround({ config, engine, instance, download, taken: store.apps.subnets, onProblem }),
  ]);
  closers.push(() => slugs.close());
  const builder = createBuilder({
    engine,
    instance,
    image: (language, making) => image(languageImage[language], making),
    stackName,
    stackCompat: 'heroku-24',
    buildpacksFolder,
    fetchers: {
      resolveRef: (remote) => git.resolveRef(remote),
      fetchTree: (remote) => git.fetchTree(remote),
      download,
    },
    ...ground,
    onProblem,
  });
  closers.push(() => builder.close());
  const { router, certificates } = await routingOf({
    ...{ config, store, logs, engine, instance, runFolder, onProblem },
    image: () => image('router'),
    folder: data('router'),
  });
  closers.push(router.close, certificates.close);

  const route = (appId: string, rest: Pick<Parameters<typeof router.serve>[0], 'state' | 'endpoints'>) =>
    routeOf({ store, config }, appId, rest);
  const figures = createFigures({ engine, instance, sizes: config.sizes, logs, onProblem });
  closers.push(() => figures.close());
  // More than a build may print, so that what we say of it at its end is kept too.
  const outputs = createOutputs(data('outputs'), config.buildLogBytes + 1_048_576);
  const needs: ProcessNeeds = {
    engine,
    store,
    instance,
    networks: config.networks,
    sizes: config.sizes,
    bootTimeoutMs: config.bootTimeoutMs,
    stopGraceMs: config.stopGraceMs,
    drainMs: config.drainMs,
    releasePhaseTimeoutMs: config.releasePhaseTimeoutMs,
    reattachMs: config.reattachMs,
    ...realReadiness(engine),
    image: (slug, signal) =>
      slugs.ensureImage({ appName: slug.appId, manifest: slug.manifest, ...(signal ? { signal } : {}) }),
    serve: async ({ appId, state, endpoints }) => {
      const wanted = route(appId, { state, endpoints });
      if (wanted) await router.serve(wanted);
    },
    drained: router.drained,
    logs: {
      ...logs,
      follow: (one) => logs.follow({ ...one, logPath: seenByUs(one.logPath) }),
    },
    figures,
    onServing: (appId) => platform.cron.changed(appId),
    onCronEnded: (run, status) => platform.cron.ended(run, status),
    onReleaseOutput: (release, line) => outputs.open(release.id).write(line),
    onReleaseEnded: (release) => outputs.finish(release.id),
    onEngineBack: async () => {
      await Promise.all([builder.removeStrays(), oneOffs.adopt()]);
    },
    reached,
    onProblem,
  };
  const processes = createProcesses(needs);
  closers.push(() => processes.close());
  const { networkOf, fromSlug, oneOffList } = processes;
  const oneOffs = createOneOffs({ ...needs, networkOf, fromSlug, oneOffList });
  const space: Platform['requireSpace'] = (kinds) =>
    requireRoom(platform, [config.dataFolder, config.engineContainers ?? rootFolder], kinds);
  const git = await createGit({
    folder: data('git'),
    runFolder,
    ...pushesOf(() => platform),
    resolve,
    requireSpace: () => space(),
    caFile: config.caFile,
    reached,
    onProblem,
  });
  closers.push(() => git.close());
  const platform: Platform = {
    config,
    instance,
    log,
    engine,
    store,
    git,
    builder,
    slugs,
    processes,
    oneOffs,
    cron: cronOf({ store, logs, oneOffs, log }),
    inside: createInside(needs),
    figures,
    router,
    logs,
    certificates,
    resolveDrain,
    admission: createAdmission(store),
    claims: createClaims(Date.now),
    ...createDesk(config, createDownload({ resolve, caFile: config.caFile })),
    outputs,
    reached,
    stackImage: () => image('stack'),
    uptimeMs: () => performance.now(),
    currentImages: () => Promise.all(serverImages.map(images.reference)),
    packagesAsOf: images.packagesAsOf,
    requireSpace: space,
  };
  closers.push(() => platform.cron.close());

  // Before anybody can ask for new ones.
  const ending = new AbortController();
  closers.push(() => ending.abort());
  const ports = [config.api, config.registry, config.apiTls].flatMap((one) => one?.port ?? []);
  const guard = createAppGuard({ instance, ports, onProblem });
  closers.push(() => guard.rest());
  await Promise.all([engine.endLost(ownLabels(instance)), guard.close()]);
  await Promise.all([oneOffs.adopt(), builder.sweep(), finishPushes(platform, ending.signal)]);
  closers.push(() => platform.running.close());
  resumeBuilds(platform);
  const api = createApi(platform);
  const address = await api.listen(config.api);
  closers.push(() => api.close());
  await router.start((await processes.adopt()).flatMap(({ appId, ...rest }) => route(appId, rest) ?? []));
  processes.go();
  await platform.cron.begin();
  closers.push(orderCertificates(platform));
  api.answer();
  void prepare(platform, ending.signal);
  return { api: address, platform, close };
}

// An installation's path to us leads through a link.
if (process.argv[1] && import.meta.filename === realpathSync(process.argv[1])) {
  process.exitCode = await main(process.argv.slice(2));
  // Nothing is left to do; a connection of somebody's must not keep us.
  process.exit();
}
