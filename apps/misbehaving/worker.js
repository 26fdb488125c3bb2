// A worker that can crash: WORKER_EXIT=n prints a line and exits with that status; BURST=n prints n lines and exits at once.
const { WORKER_EXIT, BURST } = process.env;

process.on('SIGTERM', () => process.exit(0));
console.log(`${process.env.DYNO} ${process.env.TWELVE_RELEASE_VERSION} working`);
if (BURST) {
  for (let n = 1; n <= Number(BURST); n++) process.stdout.write(`burst ${n}\n`);
} else if (WORKER_EXIT) {
  console.log(`worker exits with ${WORKER_EXIT}`);
  process.exit(Number(WORKER_EXIT));
} else setInterval(() => undefined, 60_000);
