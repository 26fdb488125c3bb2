// One push: git receive-pack between the client and our hook, and the deploy in the middle of it.
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { messageOf, PlatformError } from '../domain/errors.ts';
import type { Step } from '../domain/steps.ts';
import { bodyOf, type Exchange, refuse, sendHead } from './exchange.ts';
import type { GitNeeds, Push } from './git.ts';
import { type Hook, hookStdio, openHook, type Question } from './hook.ts';
import { keepPush } from './kept.ts';
import { ended, lastWords, type Programs } from './programs.ts';
import type { Repositories } from './repository.ts';
import { branchOf, judge, type RefUpdate } from './rules.ts';
import type { Job } from './work.ts';

export interface ReceiveNeeds {
  programs: Programs;
  repositories: Pick<Repositories, 'follow' | 'move' | 'commitAt'>;
  hooks: string;
  deploy(push: Push): Promise<void>;
  pushed?: GitNeeds['pushed'];
  onProblem(message: string): void;
  reached?(step: Step): void;
}

export interface Incoming extends Pick<Push, 'app' | 'user' | 'repository'> {
  exchange: Exchange;
  protocol: string | null;
  gzip: boolean;
  job: Job;
}

/** Answer that a client may leave unread before it is taken for gone. Builds print far less. */
const maxUnreadBytes = 16 * 1024 * 1024;

/** Resolves when git has ended, the ref is updated or not, and the client, if still there, has its answer. */
export async function receivePush(needs: ReceiveNeeds, incoming: Incoming): Promise<void> {
  const { exchange, repository } = incoming;
  const child = needs.programs.start(
    ['-c', `core.hooksPath=${needs.hooks}`, 'receive-pack', '--stateless-rpc', repository],
    { env: incoming.protocol ? { GIT_PROTOCOL: incoming.protocol } : {}, stdio: hookStdio },
  );
  const life = createLife([exchange.lost, incoming.job.cancelled]);
  // The hook outlives git that was killed; what ends both is the answer.
  child.once('exit', () =>
    life.end(new PlatformError('cancelled', 'git ended before the push was decided.')),
  );
  const stderr: Buffer[] = [];
  child.stderr!.on('data', (chunk: Buffer) => stderr.push(chunk));
  sendBody(bodyOf(exchange, incoming.gzip), child, life.signal);
  drain(child, exchange);
  const decided = decide(needs, incoming, openHook(child), life);
  const status = await ended(child);
  const deployed = await decided;
  await finish(needs, incoming, deployed, status, lastWords(Buffer.concat(stderr)));
}

interface Life {
  signal: AbortSignal;
  keep(): void;
  end(reason: unknown): void;
}

/** One signal for everything that belongs to the push; deaf once the push is kept. */
function createLife(signals: readonly AbortSignal[]): Life {
  const controller = new AbortController();
  let kept = false;
  const end = (reason: unknown): void => {
    if (!kept) controller.abort(reason);
  };
  for (const signal of signals) {
    if (signal.aborted) end(signal.reason);
    else signal.addEventListener('abort', () => end(signal.reason), { once: true });
  }
  const keep = (): void => {
    controller.signal.throwIfAborted();
    kept = true;
  };
  return { signal: controller.signal, keep, end };
}

/** The pack, into git. When either side fails the other is told; what git does not want is read and dropped. */
function sendBody(body: Readable, child: ChildProcess, signal: AbortSignal): void {
  const stdin = child.stdin!;
  stdin.on('error', () => {
    body.unpipe(stdin);
    body.resume();
  });
  body.once('error', () => stdin.destroy());
  signal.addEventListener('abort', () => stdin.destroy(), { once: true });
  body.pipe(stdin);
}

/**
 * git's answer, to the client or, when that is gone, to nowhere: a git that cannot write would not update the ref.
 * For the same reason a client that does not read never holds it up.
 */
function drain(child: ChildProcess, exchange: Exchange): void {
  const { response, request } = exchange;
  child.stdout!.on('data', (chunk: Buffer) => {
    if (response.destroyed) return;
    if (!response.headersSent) sendHead(exchange, 'application/x-git-receive-pack-result');
    response.write(chunk);
    if (response.writableLength > maxUnreadBytes) request.socket.destroy();
  });
}

interface Deployed {
  update: RefUpdate;
  /** The branch is where it should be. */
  forget(): Promise<void>;
}

/** Hears the hook, decides, answers. @returns the update that was deployed, if one was */
async function decide(
  needs: ReceiveNeeds,
  incoming: Incoming,
  hook: Hook,
  life: Life,
): Promise<Deployed | null> {
  const question = await hook.question;
  if (!question) return null;
  let keeping: ReturnType<typeof keepPush> | undefined;
  try {
    const update = await deployQuestion(needs, incoming, question, hook, {
      ...life,
      keepObjects: async (one) => {
        keeping = keepPush(incoming.repository, one, question.gitEnv);
        await keeping;
      },
    });
    life.keep();
    if (update) needs.reached?.('decided');
    hook.answer('accept');
    if (update) needs.reached?.('answered');
    return update && { update, forget: async () => (await keeping)?.() };
  } catch (error) {
    // What failed beside it may have been quicker.
    const forget = await keeping?.catch(() => undefined);
    await forget?.().catch((failure: unknown) => needs.onProblem(messageOf(failure)));
    for (const line of refusal(error, needs.onProblem)) hook.say(line);
    hook.answer('refuse');
    return null;
  }
}

async function deployQuestion(
  needs: ReceiveNeeds,
  { app, user, repository }: Incoming,
  { updates, gitEnv }: Question,
  hook: Hook,
  { signal, keep, keepObjects }: Life & { keepObjects(update: RefUpdate): Promise<void> },
): Promise<RefUpdate | null> {
  const { deploy: update, notices } = judge(updates);
  needs.pushed?.({ app, user, updates });
  for (const notice of notices) hook.say(` !     ${notice}`);
  if (!update) return null;
  const branch = branchOf(update.ref);
  await requireCommit(needs.programs, update, { GIT_DIR: repository, ...gitEnv });
  await requireUnmoved(needs, update, repository);
  const write = (line: string): void => hook.say(line.replace(/\r?\n$/, ''));
  const store = (): Promise<void> => keepObjects(update);
  await needs.deploy({ app, user, update, branch, repository, gitEnv, signal, store, keep, write });
  return update;
}

/** git itself would refuse it too, but only after the deploy. */
async function requireUnmoved(
  { repositories }: ReceiveNeeds,
  { ref, from }: RefUpdate,
  repository: string,
): Promise<void> {
  const now = await repositories.commitAt(repository, ref);
  if (now === from.replace(/^0+$/, '')) return;
  throw new PlatformError(
    'conflict',
    `${branchOf(ref)} was moved to ${now.slice(0, 10)} by another push since this one began. Nothing was deployed: push again.`,
  );
}

/** git itself would refuse it too, but only after the deploy. */
async function requireCommit(
  programs: Programs,
  update: RefUpdate,
  env: Record<string, string>,
): Promise<void> {
  const type = (await programs.output(['cat-file', '-t', update.to], { env })).toString('utf8').trim();
  if (type === 'commit') return;
  const branch = branchOf(update.ref);
  throw new PlatformError(
    'invalid_params',
    `What was pushed to ${branch} is a ${type}, and only a commit can be deployed. Push the commit it points to: git push platform '<name>^{commit}:${branch}'`,
  );
}

/** Lines for the pusher. An error whose message was shown already says so with `details.shown`. */
function refusal(error: unknown, onProblem: (message: string) => void): string[] {
  if (!(error instanceof PlatformError)) {
    onProblem(
      `deploying a push failed: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`,
    );
    return [
      " !     The platform failed while it handled this push, which was not stored. The server's log says why.",
    ];
  }
  if (error.details['shown'] === true) return [];
  return error.message.split('\n').map((line) => ` !     ${line}`);
}

async function finish(
  needs: ReceiveNeeds,
  { app, repository, exchange }: Incoming,
  deployed: Deployed | null,
  status: number | string,
  words: string,
): Promise<void> {
  if (deployed) await followDeployed(needs, app.name, repository, deployed, words);
  if (exchange.response.destroyed) return;
  if (status !== 0 && !exchange.response.headersSent) {
    refuse(exchange, 400, `git could not read this push: ${words}`);
    return;
  }
  if (!exchange.response.headersSent) sendHead(exchange, 'application/x-git-receive-pack-result');
  exchange.response.end();
}

/** The branch is the last commit that was deployed, also where git could not update it. */
async function followDeployed(
  { repositories, onProblem, reached }: ReceiveNeeds,
  appName: string,
  repository: string,
  { update, forget }: Deployed,
  words: string,
): Promise<void> {
  const branch = branchOf(update.ref);
  try {
    if (!(await repositories.follow(repository, branch, update.to))) {
      await repositories.move(repository, branch, update.to);
      onProblem(`${appName}: git did not update ${update.ref} (${words}), so it was moved to ${update.to}`);
    }
    reached?.('moved');
    await forget();
  } catch (error) {
    onProblem(
      `${appName}: ${update.to} was deployed, but ${update.ref} could not be updated (${messageOf(error)})`,
    );
  }
}
