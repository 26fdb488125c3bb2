// A web process: configured by its environment, says what it does on stdout, stops in order.
import express from 'express';

const port = Number(process.env.PORT ?? 3000);
const app = express();

app.get('/', (_request, response) => {
  const { GREETING = 'Hello', DYNO = 'local', TWELVE_RELEASE_VERSION = 'unreleased' } = process.env;
  response.type('text').send(`${GREETING} from ${DYNO}, release ${TWELVE_RELEASE_VERSION}\n`);
});

const server = app.listen(port, '0.0.0.0', (error) => {
  if (error) throw error;
  console.log(`listening on ${port}`);
});

process.on('SIGTERM', () => {
  console.log('SIGTERM: finishing open requests');
  server.close(() => process.exit(0));
});
