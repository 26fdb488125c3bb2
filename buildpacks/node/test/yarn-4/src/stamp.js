// Changes a file of a dependency in place, as some build scripts do.
const { appendFileSync } = require('node:fs');

appendFileSync(require.resolve('ms'), '// stamped\n');
