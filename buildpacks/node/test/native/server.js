// Says what a program in C says.
const http = require('node:http');
const { hello } = require('hello-native');

http.createServer((_request, response) => response.end(`${hello()}\n`)).listen(process.env.PORT, '0.0.0.0');
