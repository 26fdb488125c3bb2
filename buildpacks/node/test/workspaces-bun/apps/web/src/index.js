// Says what a package beside it knows.
const http = require('node:http');
const { day } = require('@sample/days');

http.createServer((_request, response) => response.end(`${day()}\n`)).listen(process.env.PORT, '0.0.0.0');
