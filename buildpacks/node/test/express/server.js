// Says hello on $PORT, with one dependency.
const express = require('express');

const app = express();
app.get('/', (_request, response) => response.send(`hello from Node ${process.version}\n`));
app.listen(process.env.PORT, '0.0.0.0');
