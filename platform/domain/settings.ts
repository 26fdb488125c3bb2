// Every setting of the server: its name, what it is without one, and what help says of it.
export interface Setting {
  name: string;
  default: string;
  help: string;
}

/** Every setting, as `twelve server --help` lists it. */
export const settings: readonly Setting[] = [
  {
    name: 'TWELVE_DATA',
    default: '/var/lib/twelve',
    help: 'data folder: database, repositories, slugs, logs, secrets',
  },
  { name: 'TWELVE_API', default: '127.0.0.1:5480', help: 'address of the API and of git over HTTP' },
  { name: 'TWELVE_HTTP', default: '0.0.0.0:80', help: "the router's address, for visitors of apps" },
  {
    name: 'TWELVE_HTTPS',
    default: '',
    help: "the router's address for visitors over TLS, 0.0.0.0:443 for example; empty: none",
  },
  {
    name: 'TWELVE_API_TLS',
    default: '',
    help: 'address of the API and of git over TLS, 0.0.0.0:5443 for example; empty: none',
  },
  {
    name: 'TWELVE_ACME',
    default: 'off',
    help: "agreed: certificates are ordered for all names (without TWELVE_HTTPS for the API's alone), and you agree to the authority's terms of service; needs TWELVE_HTTPS or TWELVE_API_TLS",
  },
  {
    name: 'TWELVE_ACME_EMAIL',
    default: '',
    help: 'where the authority can write to you; needed for TWELVE_ACME',
  },
  {
    name: 'TWELVE_ACME_DIRECTORY',
    default: 'https://acme-v02.api.letsencrypt.org/directory',
    help: "the authority's ACME directory",
  },
  {
    name: 'TWELVE_ACME_CA_FILE',
    default: '',
    help: 'PEM of an authority that vouches for the directory itself; empty: those the system knows',
  },
  { name: 'TWELVE_DOMAIN', default: 'localhost', help: 'apps answer at <app>.<domain>' },
  {
    name: 'TWELVE_REGISTRY',
    default: '127.0.0.1:0',
    help: 'where the engine pulls releases from; loopback only, port 0 picks one',
  },
  { name: 'TWELVE_PUBLIC_URL', default: '', help: 'base of the links in answers; empty: from the request' },
  {
    name: 'TWELVE_API_NAMES',
    default: '',
    help: "more names that the API is asked by, and whose pages may ask it, beside loopback, addresses, TWELVE_DOMAIN and TWELVE_PUBLIC_URL's: paas.example.com",
  },
  { name: 'TWELVE_RUN', default: '', help: 'folder for sockets; empty: /run/twelve-<instance>' },
  { name: 'TWELVE_ENGINE', default: '/var/run/docker.sock', help: "the engine's unix socket" },
  {
    name: 'TWELVE_ENGINE_CONTAINERS',
    default: '',
    help: "the engine's container folder as the server sees it; empty: where the engine says",
  },
  {
    name: 'TWELVE_IMAGES_EPOCH',
    default: '',
    help: "another value is other images, made with Debian's newest packages, as scripts/install --fresh-images sets it: 2026-11-28; empty: what scripts/setup keeps, else none",
  },
  {
    name: 'TWELVE_NETWORKS',
    default: '10.213.0.0/16',
    help: 'range that networks of apps and builds are cut from, each a /25',
  },
  {
    name: 'TWELVE_SIZES',
    default: '',
    help: 'JSON, more sizes of processes: {"small":{"memory":256,"cpu":0.5,"pids":128,"open_files":4096}}',
  },
  {
    name: 'TWELVE_CA_FILE',
    default: '',
    help: 'extra certificate authorities for builds (PEM); empty: NODE_EXTRA_CA_CERTS or SSL_CERT_FILE',
  },
  { name: 'TWELVE_BOOT_TIMEOUT', default: '60', help: 'seconds a web process has to listen on $PORT' },
  { name: 'TWELVE_STOP_TIMEOUT', default: '30', help: 'seconds between SIGTERM and SIGKILL' },
  { name: 'TWELVE_DRAIN_TIMEOUT', default: '30', help: 'seconds for open requests of a replaced process' },
  {
    name: 'TWELVE_REQUEST_TIMEOUT',
    default: '30',
    help: 'seconds an app has to begin its response (H12)',
  },
  {
    name: 'TWELVE_IDLE_TIMEOUT',
    default: '55',
    help: 'seconds a connection may then be silent (H15)',
  },
  { name: 'TWELVE_BUILD_TIMEOUT', default: '900', help: 'seconds a build may take' },
  {
    name: 'TWELVE_BUILD_MEMORY',
    default: '',
    help: 'MB a build may use; empty: 2048 or half of the machine, whichever is less',
  },
  { name: 'TWELVE_BUILDS', default: '', help: 'builds at once, others wait; empty: one per core' },
  { name: 'TWELVE_BUILD_CPUS', default: '', help: 'cores a build may use; empty: all' },
  { name: 'TWELVE_BUILD_PROCESSES', default: '4096', help: 'processes and threads a build may have' },
  { name: 'TWELVE_BUILD_DISK', default: '8192', help: 'MB that the files of a build may take' },
  { name: 'TWELVE_BUILD_CACHE', default: '4096', help: 'MB that are kept for the next build of an app' },
  { name: 'TWELVE_BUILD_LOG', default: '10', help: "MB of a build's output that are shown and kept" },
  {
    name: 'TWELVE_BUILDS_READY',
    default: '1',
    help: 'build containers that wait for the next push of the apps pushed last; 0: none',
  },
  { name: 'TWELVE_RELEASE_TIMEOUT', default: '3600', help: 'seconds the release process may take' },
  {
    name: 'TWELVE_REATTACH_TIMEOUT',
    default: '300',
    help: 'seconds a one-off process waits for a caller whose connection broke',
  },
  { name: 'TWELVE_LOG_BUDGET', default: '50', help: 'MB on the disk for the log of an app' },
  {
    name: 'TWELVE_DRAIN_ADDRESSES',
    default: '',
    help: "addresses and ranges that log drains may go to although they are loopback, link-local or the platform's own: 127.0.0.1,10.0.0.0/24",
  },
  { name: 'TWELVE_SLUG_LIMIT', default: '1024', help: 'MB a slug may have' },
  {
    name: 'TWELVE_MIN_FREE',
    default: '512',
    help: 'MB that have to be free on the disk for a push or a build to start; 0: not looked at',
  },
  {
    name: 'TWELVE_CACHES',
    default: '20480',
    help: 'MB on the disk for the build caches of all apps; above it the oldest go',
  },
  {
    name: 'TWELVE_SLUGS_BUDGET',
    default: '',
    help: 'MB on the disk for the slugs of all apps; above it those of the oldest releases go, then pushes are refused; empty: no budget',
  },
  {
    name: 'TWELVE_IMAGES_BUDGET',
    default: '',
    help: "MB for the platform's images on the engine; above it those of releases that do not run go, then pushes are refused; empty: no budget",
  },
  {
    name: 'TWELVE_REPOSITORIES_BUDGET',
    default: '',
    help: 'MB on the disk for the repositories of all apps; above it pushes are refused; empty: no budget',
  },
  {
    name: 'TWELVE_BUILDPACKS_BUDGET',
    default: '2048',
    help: 'MB on the disk for buildpacks from elsewhere; above it the longest unused go',
  },
  {
    name: 'TWELVE_DEBS_BUDGET',
    default: '1024',
    help: 'MB on the disk for .deb files that are kept for later builds; above it the longest unused go',
  },
  {
    name: 'TWELVE_BACKUPS_BUDGET',
    default: '',
    help: 'MB on the disk for copies of the database from before upgrades; above it the older go; empty: the last three are kept',
  },
  { name: 'TWELVE_KEEP_RELEASES', default: '10', help: 'releases per app whose slugs are kept for rollback' },
  { name: 'TWELVE_AUDIT_ENTRIES', default: '100000', help: 'entries of the audit log that are kept' },
  {
    name: 'TWELVE_LOG_LEVEL',
    default: 'info',
    help: 'debug, info, warn or error: how much the server says of itself',
  },
];
