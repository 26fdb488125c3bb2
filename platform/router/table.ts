// Which app has which hosts and endpoints, as HAProxy should hold it, and the steps from what it holds to that. Pure.
import { isIP } from 'node:net';
import { PlatformError } from '../domain/errors.ts';
import { addressText } from '../domain/listen-address.ts';
import type { Endpoint, RouteState } from '../domain/route.ts';
import { derivedPicture, type Part } from './derived-picture.ts';

export interface AppRoute {
  appId: string;
  appName: string;
  hosts: string[];
  endpoints: Endpoint[];
  state: RouteState;
  /** Visitors over plain HTTP are sent to HTTPS. */
  toHttps?: boolean;
}

export interface ServerEntry {
  address: string;
  port: number;
  /** Takes new requests; otherwise it drains or is in maintenance. */
  ready: boolean;
}

/** What HAProxy holds, or should: where the hosts lead, and the servers of its backends. */
export interface Picture {
  /** Host → `<app id>:b12`, or `<app id>:crashed:b12` while a page is shown and backend 12 not asked; with
   * `secure:` after the app where plain HTTP is sent to HTTPS. */
  places: ReadonlyMap<string, string>;
  /** `b12/web.1:3f2a9c01b7de:31302e…` → where that is. */
  servers: ReadonlyMap<string, ServerEntry>;
}

export interface Table {
  routes: ReadonlyMap<string, AppRoute>;
  /** App id → number of its backend. */
  slots: ReadonlyMap<string, number>;
  /** Backends declared in the configuration. */
  pool: number;
  /** Hosts that lead to no app, whichever claims them. */
  reserved?: readonly string[];
}

/** Where a host leads that is no app's: not the word of the map's default, which a wildcard is looked for after. */
const nobody = '-:unknown';

/** In a place: over plain HTTP its visitors get nothing but the way to HTTPS. */
export const secure = 'secure';

export const mapPath = '/router/places.map';

const idPattern = /^[A-Za-z0-9-]{1,64}$/;
/** A host name; with a star first, which stands for one label. */
const hostPattern = /^(\*\.)?[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?$/;
export const isHost = (name: string): boolean => hostPattern.test(name);
const processPattern = /^[A-Za-z0-9_-]{1,63}\.\d{1,9}$/;

/**
 * The route in the form we keep. Everything in it ends in commands and files of HAProxy: only harmless characters pass.
 * @throws PlatformError `invalid_params` naming what cannot be routed
 */
export function checkedRoute(route: AppRoute): AppRoute {
  const refuse = (what: string, value: string): never => {
    throw new PlatformError('invalid_params', `"${value.slice(0, 80)}" is not ${what} the router can use.`);
  };
  if (!idPattern.test(route.appId)) refuse('an app id', route.appId);
  const hosts = [...new Set(route.hosts.map((host) => host.toLowerCase()))];
  for (const host of hosts) if (!isHost(host)) refuse('a host name', host);
  for (const { process, key, address, port } of route.endpoints) {
    if (!processPattern.test(process)) refuse('a process name', process);
    if (!idPattern.test(key)) refuse('an endpoint key', key);
    if (isIP(address) === 0) refuse('an address', address);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) refuse('a port', String(port));
  }
  return { ...route, hosts };
}

/** The table with these routes in place of their apps' former ones; a new app gets a backend that is free. */
export function withRoutes(
  table: Table,
  changed: readonly AppRoute[],
  busy: ReadonlySet<number>,
  step: number,
): Table {
  const routes = new Map(table.routes);
  for (const route of changed) routes.set(route.appId, route);
  const fresh = changed.filter((route) => !table.slots.has(route.appId));
  if (fresh.length === 0) return derived(table, { ...table, routes }, changed);
  const slots = new Map(table.slots);
  const taken = new Set([...slots.values(), ...busy]);
  let { pool } = table;
  let slot = 0;
  for (const { appId } of fresh) {
    while (taken.has(slot)) slot += 1;
    taken.add(slot);
    slots.set(appId, slot);
    // Doubling: each time there are more apps, one reload is enough for longer.
    while (slot >= pool) pool += Math.max(step, pool);
  }
  return derived(table, { ...table, routes, slots, pool }, changed);
}

export function withoutRoute(table: Table, appId: string): Table {
  const routes = new Map(table.routes);
  const slots = new Map(table.slots);
  routes.delete(appId);
  slots.delete(appId);
  return derived(table, { ...table, routes, slots }, [{ appId }]);
}

/** Backends that still have servers of an app that left: not to be given to another until these are gone. */
export function busySlots(picture: Picture): Set<number> {
  return new Set([...picture.servers.keys()].map((path) => Number(path.slice(1, path.indexOf('/')))));
}

/** App id → backend, read back from the map of a HAProxy that runs. */
export function slotsOf(places: ReadonlyMap<string, string>): Map<string, number> {
  const slots = new Map<string, number>();
  for (const place of places.values()) {
    const match = /^([^:]+):(?:[a-z]+:)*b(\d+)$/.exec(place);
    if (match) slots.set(match[1]!, Number(match[2]));
  }
  return slots;
}

const pictures = new WeakMap<Table, Picture>();
const parts = new WeakMap<AppRoute, Part>();
/** A host is claimed twice: who has it once an app leaves is not in the picture. */
const contested = new WeakSet<Picture>();

export function pictureOf(table: Table): Picture {
  const known = pictures.get(table);
  if (known) return known;
  const places = new Map<string, string>();
  const servers = new Map<string, ServerEntry>();
  let isContested = false;
  for (const route of table.routes.values()) {
    const part = partOf(route, table.slots.get(route.appId));
    for (const host of part.hosts) {
      isContested ||= places.has(host);
      places.set(host, part.place);
    }
    for (const [path, server] of part.servers) servers.set(path, server);
  }
  for (const host of table.reserved ?? []) {
    isContested ||= places.has(host);
    places.set(host, nobody);
  }
  const picture = { places, servers };
  pictures.set(table, picture);
  if (isContested) contested.add(picture);
  return picture;
}

/** A change is one app's: the picture is made from the one before it, should that be known. @returns the table after it */
function derived(before: Table, after: Table, changed: readonly Pick<AppRoute, 'appId'>[]): Table {
  const known = pictures.get(before);
  if (!known || contested.has(known)) return after;
  const ids = [...new Set(changed.map(({ appId }) => appId))];
  const shifts = ids.map((id) => ({ before: partIn(before, id), after: partIn(after, id) }));
  const picture = derivedPicture(known, shifts);
  if (picture) pictures.set(after, picture);
  return after;
}

function partIn({ routes, slots }: Table, appId: string): Part | undefined {
  const route = routes.get(appId);
  return route && partOf(route, slots.get(appId));
}

function partOf(route: AppRoute, slot: number | undefined): Part {
  const known = parts.get(route);
  if (known?.slot === slot && known) return known;
  const backend = `b${slot}`;
  const state = route.state === 'up' && route.endpoints.length === 0 ? 'none' : route.state;
  const part: Part = {
    slot,
    place: `${route.appId}:${route.toHttps ? `${secure}:` : ''}${state === 'up' ? '' : `${state}:`}${backend}`,
    hosts: route.hosts,
    servers: route.endpoints.map((endpoint): [string, ServerEntry] => {
      const { address, port } = endpoint;
      return [`${backend}/${serverName(endpoint)}`, { address, port, ready: true }];
    }),
  };
  parts.set(route, part);
  return part;
}

/** Address and port are part of the name: a container that came back elsewhere is another server. */
export function serverName({ process, key, address, port }: Endpoint): string {
  const place = Buffer.from(`${address}-${port}`).toString('hex');
  return `${process}:${key}:${place}`;
}

/** Of the endpoint that a server stands for: `b12/web.1:3f2a9c01b7de:31302e…`. */
export const keyIn = (path: string): string | undefined => path.split(':')[1];

export function socketAddress({ address, port }: { address: string; port: number }): string {
  return addressText({ host: address, port });
}

export interface Change {
  /** Servers that are registered first; they take no requests yet. */
  add: string[];
  /** In this order on one line: new ones ready, states and hosts, old ones drained. There is no moment without a server. */
  turn: string[];
  /** Servers that leave: to be watched until nobody uses them, then deleted. */
  leaving: string[];
}

export function difference(held: Picture, wanted: Picture): Change {
  const add: string[] = [];
  const ready: string[] = [];
  const drain: string[] = [];
  const leaving: string[] = [];
  for (const [path, server] of wanted.servers) {
    const known = held.servers.get(path);
    if (!known) add.push(addCommand(path, server));
    if (!known?.ready) ready.push(`set server ${path} state ready`);
  }
  for (const [path, server] of held.servers) {
    if (wanted.servers.has(path)) continue;
    leaving.push(path);
    if (server.ready) drain.push(`set server ${path} state drain`);
  }
  const maps = mapChange(held.places, wanted.places);
  return { add, turn: [...ready, ...maps, ...drain], leaving };
}

function addCommand(path: string, server: ServerEntry): string {
  return `add server ${path} ${socketAddress(server)} ${serverOptions}`;
}

/** Idle connections are given up sooner than servers usually close them (5 s in Node): we never write into one just closed. */
export const serverOptions = 'pool-purge-delay 2s';

function mapChange(held: ReadonlyMap<string, string>, wanted: ReadonlyMap<string, string>): string[] {
  if (held === wanted) return [];
  const set = [...wanted].flatMap(([host, place]) => {
    if (!held.has(host)) return [`add map ${mapPath} ${host} ${place}`];
    return held.get(host) === place ? [] : [`set map ${mapPath} ${host} ${place}`];
  });
  const gone = [...held.keys()].filter((host) => !wanted.has(host));
  return [...set, ...gone.map((host) => `del map ${mapPath} ${host}`)];
}

/** What is held once a change was made. */
export function afterChange(held: Picture, wanted: Picture): Picture {
  const servers = new Map<string, ServerEntry>(wanted.servers);
  for (const [path, server] of held.servers)
    if (!servers.has(path)) servers.set(path, { ...server, ready: false });
  return { places: wanted.places, servers };
}
