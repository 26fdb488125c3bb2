// Says how long a day is, by a package that is found without node_modules.
const http = require('node:http');
const ms = require('ms');

http
  .createServer((_request, response) => response.end(`a day has ${ms('1d')} ms, from ${require.resolve('ms').includes('.zip') ? 'a zip' : 'a folder'}\n`))
  .listen(process.env.PORT, '0.0.0.0');
