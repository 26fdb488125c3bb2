// Domain → the shapes of the Platform API v3 (reference, section 2). Fields we have nothing for are null.

import { createHash } from 'node:crypto';
import { webUrl } from '../../actions/apps.ts';
import type { Platform } from '../../actions/context.ts';
import { whatServes } from '../../actions/release.ts';
import type { App } from '../../domain/app.ts';
import type { ProcessStatus, Usage } from '../../domain/process.ts';
import type { ProcessChange } from '../../domain/process-change.ts';
import { settingsOf } from '../../domain/process-settings.ts';
import { eligibleForRollback, type Release, runsReleaseCommand } from '../../domain/release.ts';
import { pageCodeOf } from '../../domain/route.ts';
import type { Slug } from '../../domain/slug.ts';
import { type Build, durationOf } from '../../store/builds.ts';
import type { StoredFormationEntry } from '../../store/formation.ts';
import type { User } from '../../store/users.ts';

/** An id that is the same each time, for things that have a name but no row (stacks, regions, sizes). */
export function stableId(text: string): string {
  const hex = createHash('sha256').update(`twelve:${text}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export const seconds = (time: string): string => `${time.slice(0, 19)}Z`;
export const secondsOrNull = (time: string | null): string | null => (time === null ? null : seconds(time));
const named = (name: string): { id: string; name: string } => ({ id: stableId(name), name });
const userRef = (user: User | undefined): { id: string; email: string } | null =>
  user ? { id: user.id, email: user.email } : null;
const appRef = (app: App): { id: string; name: string } => ({ id: app.id, name: app.name });

export function account(user: User) {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    allow_tracking: false,
    beta: false,
    created_at: seconds(user.createdAt),
    updated_at: seconds(user.createdAt),
    last_login: null,
    federated: false,
    identity_provider: null,
    sms_number: null,
    suspended_at: null,
    delinquent_at: null,
    two_factor_authentication: false,
    verified: true,
    country_of_residence: null,
    default_organization: null,
    default_team: null,
  };
}

export function app(platform: Platform, one: App, base: string) {
  const serving =
    one.servingVersion === null ? undefined : platform.store.releases.byVersion(one.id, one.servingVersion);
  const slug = serving?.slugId ? platform.store.slugs.byId(serving.slugId) : undefined;
  return {
    id: one.id,
    name: one.name,
    acm: platform.config.acme !== null,
    archived_at: null,
    buildpack_provided_description: slug?.buildpacks.at(-1)?.displayName ?? null,
    build_stack: named(one.stack),
    code: pageCodeOf(platform.router.stateOf(one.id)),
    created_at: seconds(one.createdAt),
    generation: named('cedar'),
    https_redirect: one.httpsRedirect,
    git_url: `${base}/${one.name}.git`,
    internal_routing: false,
    maintenance: one.maintenance,
    owner: userRef(platform.store.users.byId(one.ownerId)),
    organization: null,
    team: null,
    region: named('us'),
    released_at: serving ? seconds(serving.createdAt) : null,
    repo_size: null,
    slug_size: slug?.size ?? null,
    space: null,
    stack: named(slug?.stack ?? one.stack),
    updated_at: seconds(one.updatedAt),
    web_url: webUrl(platform, one),
  };
}

export function release(platform: Platform, owner: App, one: Release, base: string) {
  const slug = one.slugId ? platform.store.slugs.byId(one.slugId) : undefined;
  const hasPhase =
    slug?.processTypes['release'] !== undefined &&
    runsReleaseCommand(
      one,
      platform.store.releases.servedBefore(owner.id, one.version)?.slugId ?? null,
      settingsOf(platform.store.processSettings.of(owner.id)),
    );
  const serving = platform.store.apps.byId(owner.id)?.servingVersion ?? null;
  return {
    id: one.id,
    version: one.version,
    description: one.description,
    status: one.status,
    current: one.version === serving,
    created_at: seconds(one.createdAt),
    updated_at: seconds(one.statusAt),
    user: userRef(platform.store.users.byId(one.userId)),
    app: appRef(owner),
    slug: one.slugId ? { id: one.slugId } : null,
    commit: one.commit,
    oci_image: null,
    artifacts: [],
    addon_plan_names: [],
    output_stream_url: hasPhase ? outputUrl(platform, one.id, base) : null,
    eligible_for_rollback: eligibleForRollback(one, slug?.removedAt != null),
    reason: one.reason,
    serves: serving,
    serving: whatServes(platform, owner.id),
  };
}

export function build(platform: Platform, owner: App, one: Build, base: string) {
  const source = platform.store.buildSources.of(one.id);
  const duration = durationOf(one);
  return {
    id: one.id,
    app: { id: owner.id },
    buildpacks: one.buildpacks.map(({ name, url }) => ({ name, url })),
    created_at: seconds(one.createdAt),
    updated_at: seconds(one.updatedAt),
    output_stream_url: outputUrl(platform, one.id, base),
    source_blob: {
      checksum: source?.checksum ?? null,
      url: source?.shownUrl ?? `${base}/${owner.name}.git`,
      version: one.commit ?? '',
      version_description: source?.description ?? null,
    },
    release: one.releaseId ? { id: one.releaseId } : null,
    slug: one.slugId ? { id: one.slugId } : null,
    stack: one.stack,
    status: one.status,
    reason: one.reason,
    started_at: secondsOrNull(one.startedAt),
    duration: duration === null ? null : duration / 1000,
    user: userRef(platform.store.users.byId(one.userId)),
  };
}

function outputUrl(platform: Platform, id: string, base: string): string {
  return `${base}/outputs/${id}/${platform.store.sign(`output:${id}`)}`;
}

export function slug(one: Slug) {
  return {
    id: one.id,
    blob: null,
    checksum: `SHA256:${one.manifest.replace(/^sha256:/, '')}`,
    commit: one.commit,
    commit_description: one.commitDescription,
    process_types: one.processTypes,
    size: one.size,
    stack: named(one.stack),
    buildpack_provided_description: one.buildpacks.at(-1)?.displayName ?? null,
    buildpacks: one.buildpacks,
    layers: one.layers,
    created_at: seconds(one.createdAt),
    updated_at: seconds(one.removedAt ?? one.createdAt),
    removed_at: one.removedAt,
  };
}

/** Ours. */
export function processChange(change: ProcessChange) {
  return {
    id: change.id,
    kind: change.kind,
    target: change.target,
    status: change.status,
    reason: change.reason,
    superseded_by: change.supersededBy === null ? null : { id: change.supersededBy },
    created_at: seconds(change.createdAt),
  };
}

export function formation(platform: Platform, owner: App, one: StoredFormationEntry) {
  const serving =
    owner.servingVersion === null
      ? undefined
      : platform.store.releases.byVersion(owner.id, owner.servingVersion);
  const types = serving?.slugId ? platform.store.slugs.byId(serving.slugId)?.processTypes : undefined;
  return {
    id: one.id,
    app: appRef(owner),
    type: one.type,
    quantity: one.quantity,
    size: one.size,
    dyno_size: named(one.size),
    command: types?.[one.type] ?? '',
    created_at: seconds(one.updatedAt),
    updated_at: seconds(one.updatedAt),
  };
}

export function dyno(
  owner: App,
  one: ProcessStatus,
  {
    attachUrl = null,
    reattachSeconds = null,
    usage = null,
  }: { attachUrl?: string | null; reattachSeconds?: number | null; usage?: Usage | null } = {},
) {
  return {
    id: one.id,
    name: one.name,
    type: one.type,
    command: one.command,
    size: one.size,
    state: one.state,
    release: { id: one.releaseId, version: one.releaseVersion },
    app: appRef(owner),
    attach_url: attachUrl,
    reattach_seconds: reattachSeconds,
    created_at: seconds(one.createdAt),
    updated_at: seconds(one.updatedAt),
    restarts: one.restarts,
    code: one.code,
    usage: usage && { memory: usage.memory, memory_limit: usage.memoryLimit, cpu: usage.cpu },
  };
}

export function region() {
  return {
    ...named('us'),
    description: 'This server',
    private_capable: false,
    country: '',
    locale: '',
    provider: { name: 'self-hosted', region: 'us' },
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
  };
}

export function stack(name: string) {
  return {
    ...named(name),
    default: true,
    state: 'public',
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
  };
}
