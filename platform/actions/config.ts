// Config vars: read from the newest release that serves or still may; changed by appending one.
import type { App } from '../domain/app.ts';
import {
  type ConfigChange,
  type ConfigVars,
  changeConfig,
  describeConfigChange,
} from '../domain/config-vars.ts';
import type { Release } from '../domain/release.ts';
import type { Caller, Platform } from './context.ts';
import { appendRelease } from './release.ts';

export function readConfigVars(platform: Platform, app: App): ConfigVars {
  const base = platform.store.releases.base(app.id);
  return base ? platform.store.releases.config(base) : {};
}

/** @returns null when the change changes nothing, and so makes no release */
export function setConfigVars(
  platform: Platform,
  app: App,
  caller: Caller,
  change: ConfigChange,
): Release | null {
  return appendRelease(platform, app, caller, (base) => {
    const config = changeConfig(base.config, change);
    if (config === base.config) return null;
    const real = Object.fromEntries(
      Object.entries(change).filter(([name, value]) =>
        value === null ? Object.hasOwn(base.config, name) : base.config[name] !== value,
      ),
    );
    return {
      slugId: base.slugId,
      config,
      cause: 'config',
      description: describeConfigChange(real),
      commit: base.commit,
    };
  });
}
