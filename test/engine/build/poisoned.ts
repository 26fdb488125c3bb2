// Config vars of names that a build stands on (buildpack reference, section 3), each with a value that would break it.
const names = [
  ...['PATH', 'HOME', 'GIT_DIR', 'CPATH', 'CPPATH', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'LIBRARY_PATH', 'LANG'],
  ...['IFS', 'STACK', 'REQUEST_ID', 'BUILD_DIR', 'CACHE_DIR', 'ENV_DIR'],
];

export const poisoned: Readonly<Record<string, string>> = Object.fromEntries(
  names.map((name) => [name, `/nowhere/${name}`]),
);
