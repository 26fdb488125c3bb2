// One-off processes: `twelve run`. A fresh container of the serving release, with the caller's terminal or without.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode, messageOf, notFound } from '../domain/errors.ts';
import type { ProcessStatus } from '../domain/process.ts';
import type { ContainerSpec, ContainerSummary } from '../engine/engine.ts';
import { label, ownLabels, releaseOf } from '../engine/labels.ts';
import type { AttachedSession } from './attached.ts';
import { type CronProcess, cronProcess } from './cron-mark.ts';
import { exitTimeout } from './exit-timeout.ts';
import type { FromSlug } from './from-slug.ts';
import { createKeptSessions, type KeptSessions } from './kept/sessions.ts';
import type { ProcessNeeds } from './needs.ts';
import type { Networks } from './network.ts';
import { createOneOffEnds } from './one-off-ends.ts';
import { createOneOffLines } from './one-off-lines.ts';
import type { OneOffList } from './one-off-list.ts';
import { createOneOffNames, drawNumber } from './one-off-names.ts';
import { attachedLabel, type OneOffOrder, oneOffSpec } from './one-off-spec.ts';
import { justMade, toStatus } from './one-off-status.ts';
import { startAttached } from './start-attached.ts';

export interface OneOffs {
  create(order: OneOffOrder): Promise<ProcessStatus>;
  /** Attaches to and starts what `create` made with `attached`. */
  open(id: string): Promise<AttachedSession>;
  /** Removes what `create` made with `attached` and nobody opened. */
  discard(id: string): Promise<void>;
  /** Those whose caller may come back. */
  kept: Pick<KeptSessions, 'open'>;
  list(appId: string): Promise<ProcessStatus[]>;
  /** Those that cron started, of all apps: what runs, and what ended and is about to be removed. */
  ofCron(): Promise<CronProcess[]>;
  /** SIGTERM, then SIGKILL. @throws PlatformError `not_found` */
  stop(appId: string, name: string): Promise<void>;
  stopAll(appId: string): Promise<void>;
  /** At start, and after the engine was away: goes on with detached ones, holds those whose caller may come back, ends the others. */
  adopt(): Promise<void>;
}

/** @param draw what names are made with */
export function createOneOffs(
  needs: ProcessNeeds & { networkOf: Networks; fromSlug: FromSlug; oneOffList: OneOffList },
  draw = drawNumber,
): OneOffs {
  const { engine, instance, logs, store, oneOffList } = needs;
  const own = (appId?: string): Record<string, string> => ({
    ...ownLabels(instance, 'run'),
    ...(appId ? { [label.app]: appId } : {}),
  });
  /** Ids of those that are being made, talk with their caller or are followed to their end: never touched by `adopt`. */
  const present = new Set<string>();
  const names = createOneOffNames(needs, draw);
  const tell = createOneOffLines(logs);
  const tellEnd = createOneOffEnds({ ...needs, tell });
  const kept = createKeptSessions({ ...needs, tell, clear, ended: tellEnd });

  async function make(order: OneOffOrder, processId: string): Promise<ContainerSummary> {
    return needs.networkOf.within(order.app, async (network) => {
      const { name, release } = await names.take(order.app.id);
      const own = { instance, sizes: needs.sizes, id: processId, name };
      let made: ContainerSpec | undefined;
      const spec = (image: string) => {
        made = oneOffSpec(order, { ...own, image, network });
        return made;
      };
      const id = await needs.fromSlug.create(order.slug, spec).finally(release);
      oneOffList.changed();
      return justMade(id, made!);
    });
  }

  /** Also the app's network, when nothing else of it is there. */
  async function clear(container: Pick<ContainerSummary, 'id' | 'labels'>): Promise<void> {
    await engine.remove(container.id);
    oneOffList.changed();
    const appId = container.labels[label.app];
    if (appId) await needs.networkOf.remove(appId);
  }

  async function end(container: ContainerSummary): Promise<void> {
    await engine.stop(container.id, { graceSeconds: needs.stopGraceMs / 1000 });
    await clear(container);
  }

  async function runDetached(container: ContainerSummary): Promise<void> {
    tell.starting(container);
    await engine.start(container.id).catch(async (error: unknown) => {
      // With the engine it may be out of reach; then `adopt` removes it.
      await clear(container).catch(() => undefined);
      throw error;
    });
    oneOffList.changed();
    tell.up(container);
    followDetached(container);
  }

  /** Where that is not possible, `adopt` goes on when the engine is back. */
  function followDetached(container: ContainerSummary): void {
    const { [label.id]: processId = '', [label.process]: name = '' } = container.labels;
    present.add(processId);
    void finishDetached(container)
      .catch((error: unknown) => {
        needs.onProblem(`${name}: ${messageOf(error)}`);
        // Else it is followed further when the engine is back.
        if (!hasCode(error, 'engine_unavailable')) cronEnded(container, null);
      })
      .finally(() => present.delete(processId));
  }

  /** Whoever destroyed the app meanwhile did not see it among what was to be stopped. @throws PlatformError `not_found` */
  async function requireApp({ id, name }: OneOffOrder['app'], container: ContainerSummary): Promise<void> {
    if (store.apps.byId(id)) return;
    await clear(container);
    throw notFound('app', `There is no app "${name}" any more.`);
  }

  async function finishDetached(container: ContainerSummary): Promise<void> {
    const { [label.app]: appId = '', [label.process]: name = '' } = container.labels;
    const { logPath } = await engine.inspect(container.id);
    if (logPath)
      logs.follow({ id: container.id, appId, process: name, logPath, release: releaseOf(container) });
    const code = await endOf(container.id);
    await logs.drained(container.id);
    await tellEnd(container, code);
    cronEnded(container, code);
    await clear(container);
  }

  function cronEnded(container: ContainerSummary, status: number | null): void {
    const mark = cronProcess(container);
    if (mark) needs.onCronEnded(mark, status);
  }

  /** Its exit status, also when the engine goes away and comes back meanwhile. */
  async function endOf(id: string): Promise<number> {
    for (;;) {
      try {
        return await engine.wait(id);
      } catch (error) {
        if (!hasCode(error, 'engine_unavailable')) throw error;
        await sleep(1000);
      }
    }
  }

  async function find(appId: string, name: string): Promise<ContainerSummary> {
    const found = (await engine.list(own(appId))).find(
      (container) => container.labels[label.process] === name,
    );
    if (!found) throw notFound('dyno', `There is no process "${name}". "twelve ps" lists what runs.`);
    return found;
  }

  async function byId(id: string): Promise<ContainerSummary> {
    const [found] = await engine.list({ ...own(), [label.id]: id });
    if (!found) throw notFound('dyno', 'That one-off process is gone. Run the command again.');
    return found;
  }

  async function started(processId: string) {
    const container = await byId(processId);
    try {
      const tty = container.labels[attachedLabel] === 'tty';
      const begun = await startAttached({ engine, oneOffList, tell }, container, tty);
      await begun.up;
      tell.up(container);
      return { container, ...begun };
    } catch (error) {
      await clear(container).catch(() => undefined);
      throw error;
    }
  }

  return {
    async create(order) {
      const processId = randomUUID();
      present.add(processId);
      try {
        const container = await make(order, processId);
        await requireApp(order.app, container);
        if (!order.attached) await runDetached(container);
        else if (order.session) {
          kept.hold(container);
          present.delete(processId);
        }
        return toStatus(container);
      } catch (error) {
        present.delete(processId);
        await needs.networkOf.remove(order.app.id).catch(() => undefined);
        throw error;
      }
    },
    async open(id) {
      const { container, attachment, ended } = await started(id).catch((error: unknown) => {
        present.delete(id);
        throw error;
      });
      const { stream, stderr } = attachment;
      ended.then(
        (code) => tell.ended(container, code),
        // How it ended is not known then.
        () => undefined,
      );
      const exit = ended.finally(async () => {
        await clear(container).catch((error: unknown) => needs.onProblem(messageOf(error)));
        present.delete(id);
      });
      return {
        name: container.labels[label.process] ?? 'run',
        stream,
        ...(stderr ? { stderr } : {}),
        resize: (columns, rows) => engine.resize(container.id, { columns, rows }),
        signal: (name) => engine.kill(container.id, name),
        exit,
      };
    },
    async discard(id) {
      present.delete(id);
      const [container] = await engine.list({ ...own(), [label.id]: id });
      if (container?.state === 'created') await clear(container);
    },
    kept,
    async list(appId) {
      return (await oneOffList.of(appId))
        .filter((container) => container.state === 'running')
        .map((container) => toStatus(container, kept.awaitsFirst(container.id)));
    },
    async ofCron() {
      const begun = (await engine.list(own())).filter(({ state }) => state !== 'created');
      return begun.flatMap((container) => cronProcess(container) ?? []);
    },
    async stop(appId, name) {
      const container = await find(appId, name);
      const how = await engine.stop(container.id, { graceSeconds: needs.stopGraceMs / 1000 });
      oneOffList.changed();
      const said = how === 'killed' ? exitTimeout(needs.stopGraceMs) : [];
      for (const text of said) tell.say(container, text);
    },
    async stopAll(appId) {
      const ends = await Promise.allSettled((await engine.list(own(appId))).map(end));
      const failed = ends.find((one) => one.status === 'rejected');
      if (failed) throw failed.reason;
    },
    async adopt() {
      for (const container of await engine.list(own())) {
        if (present.has(container.labels[label.id] ?? '')) continue;
        const orphan = !store.apps.byId(container.labels[label.app] ?? '');
        if (!orphan && container.labels[attachedLabel] === 'no' && container.state !== 'created') {
          followDetached(container);
          continue;
        }
        if (!orphan && container.labels[label.session]) {
          kept.adopt(container);
          continue;
        }
        // Its app is gone; or its caller's connection ended with the server before this one, or with the engine.
        void end(container).catch((error: unknown) => needs.onProblem(messageOf(error)));
      }
    },
  };
}
