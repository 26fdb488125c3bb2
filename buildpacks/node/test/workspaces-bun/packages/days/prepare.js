// Makes lib/, which is not committed: an install does that, and so does a build whose packages come from the cache.
const { cpSync } = require('node:fs');

cpSync(`${__dirname}/src`, `${__dirname}/lib`, { recursive: true });
