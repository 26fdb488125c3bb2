// What builds take over from the server's own environment: proxies, and settings of package managers. Pure.

export function proxies(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const given = ['http_proxy', 'https_proxy', 'no_proxy'].map((name) => [
    name,
    env[name] || env[name.toUpperCase()],
  ]);
  return Object.fromEntries(given.filter(([, value]) => value));
}

export function packageSettings(
  env: Readonly<Record<string, string | undefined>>,
  names: RegExp,
): Record<string, string> {
  const given = Object.entries(env).flatMap(([name, value]) => {
    const key = names.exec(name)?.[1];
    return key && value ? [[key.toLowerCase().replaceAll('_', '-'), value]] : [];
  });
  return Object.fromEntries(given);
}

export function go(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const given = Object.entries(env).filter(([name]) => /^GO[A-Z]+$/.test(name));
  return Object.fromEntries(given.flatMap(([name, value]) => (value ? [[name, value]] : [])));
}
