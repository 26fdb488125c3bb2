// The API's objects, as far as the CLI reads them (Heroku Platform API v3, with our additions marked).

export interface App {
  id: string;
  name: string;
  git_url: string;
  web_url: string;
  owner: { email: string };
  stack: { name: string };
  maintenance: boolean;
  /** Ours: of the page that visitors get instead of the app. */
  code?: string | null;
  created_at: string;
  released_at: string | null;
  repo_size: number | null;
  slug_size: number | null;
}

export interface Domain {
  hostname: string;
  kind: 'heroku' | 'custom';
  cname: string | null;
  acm_status: string | null;
  acm_status_reason: string | null;
}

export interface SniEndpoint {
  id: string;
  name: string;
  /** Names of apps that are in it. */
  domains: string[];
  ssl_cert: {
    cert_domains: string[];
    subject: string;
    issuer: string;
    starts_at: string;
    expires_at: string;
    'self_signed?': boolean;
    /** Ours. */
    fingerprint: string;
    valid: boolean;
  };
}

/** Ours. Without `acm_status` none is ordered, since one that was added is good for it. */
export interface AcmHost extends Pick<Domain, 'hostname' | 'acm_status' | 'acm_status_reason'> {
  expires_at: string | null;
  /** null: its turn has come, or none is ordered. */
  next_attempt_at: string | null;
  /** When one that failed can be tried again by hand; null: at once, or there is nothing to try. */
  refresh_at: string | null;
  /** In the answer of a refresh: its turn has come by that. */
  refreshed?: boolean;
}

export interface LogDrain {
  id: string;
  url: string;
  token: string;
  /** Ours: lines. */
  lag?: number | null;
  delivered?: number | null;
  lost?: number | null;
  /** Ours: why the last attempt failed. */
  failure?: string | null;
}

export interface Account {
  id: string;
  email: string;
}

export interface Formation {
  type: string;
  quantity: number;
  size: string;
  command: string;
}

export interface DynoSize {
  name: string;
  /** GB */
  memory: number;
  compute: number;
  /** Ours. */
  pids?: number;
  /** Ours. */
  open_files?: number;
}

export interface Dyno {
  id: string;
  name: string;
  type: string;
  command: string;
  size: string;
  state: string;
  release: { id: string; version: number };
  attach_url: string | null;
  /** Ours: how long it waits for us when the connection broke. */
  reattach_seconds?: number | null;
  created_at: string;
  updated_at: string;
  /** Ours: how often it crashed and was started again. */
  restarts?: number;
  /** Ours: what is wrong with it. */
  code?: string | null;
  /** Ours: bytes, and processors; null when it is not known. */
  usage?: { memory: number; memory_limit: number; cpu: number | null } | null;
}

/** Ours: a scale, a resize or a restart. */
export interface ProcessChange {
  id: string;
  kind: 'scale' | 'restart';
  status: ReleaseStatus;
  /** Why it failed, and what holds instead. */
  reason: string | null;
  superseded_by: { id: string } | null;
}

/** Ours: what the platform keeps on disks. */
export interface DiskKind {
  kind: string;
  bytes: number;
  budget: number | null;
  removed: { count: number; bytes: number };
}

/** Ours. */
export interface CodeCount {
  code: string;
  name: string;
  count: number;
  first_at: string;
  last_at: string;
  last_dyno: string | null;
}

/** Ours. */
export interface CronEntry {
  id: string;
  command: string;
  schedule: string;
  timezone: string;
  concurrency_policy: string;
  state: 'scheduled' | 'suspended' | 'maintenance';
  next_run_at: string | null;
  last_run: {
    dyno: string | null;
    due_at: string | null;
    started_at: string;
    ended_at: string | null;
    exit_status: number | null;
    failure: string | null;
  } | null;
  skipped: number;
  missed: { count: number; more: boolean; from: string; to: string } | null;
}

export type ReleaseStatus = 'pending' | 'succeeded' | 'failed' | 'expired';

export interface Release {
  id: string;
  version: number;
  description: string;
  status: ReleaseStatus;
  current: boolean;
  created_at: string;
  user: { email: string };
  slug: { id: string } | null;
  eligible_for_rollback: boolean;
  /** Ours: why it failed or expired. */
  reason?: string | null;
  /** Ours: the version that serves now. */
  serves?: number | null;
}

export interface Slug {
  id: string;
  commit: string | null;
  commit_description: string | null;
  process_types: Record<string, string>;
  size: number | null;
}

export interface Build {
  id: string;
  status: 'pending' | 'succeeded' | 'failed';
  created_at: string;
  updated_at: string;
  output_stream_url: string;
  source_blob: { url: string; version: string | null; version_description: string | null };
  /** Why it failed. */
  reason: string | null;
  /** Ours: seconds from its turn to its end; null before. */
  duration?: number | null;
  buildpacks: { url: string; name: string }[];
  release: { id: string } | null;
  user: { email: string };
}

export interface BuildpackInstallation {
  ordinal: number;
  buildpack: { url: string; name: string };
  /** Ours: the commit or checksum it is fixed to. */
  pin?: string | null;
}

export type ConfigVars = Record<string, string>;

/** Ours, but for what it shares with an account. */
export interface User {
  id: string;
  email: string;
  admin: boolean;
  /** How many it owns. */
  apps: number;
}

export interface Collaborator {
  id: string;
  user: { email: string };
  role: string;
}

export interface Authorization {
  id: string;
  description: string;
  scope: string[];
  /** The token itself only in the answer that made it. */
  access_token: { token: string | null; expires_in: number | null };
  user: { email: string };
  /** Ours. */
  expires_at?: string | null;
  last_used_at?: string | null;
}

/** Ours. */
export interface AuditEvent {
  id: string;
  number: number;
  created_at: string;
  action: string;
  outcome: 'done' | 'refused' | 'failed';
  detail: string | null;
  user: { email: string } | null;
  app: { name: string } | null;
  address: string | null;
}
