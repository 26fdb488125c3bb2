// What the benchmark "cli" compares with: the least that a program in Node does to ask an API and print the answer.
const { get } = require('node:http');

get(process.argv[2], { headers: { Authorization: `Bearer ${process.env.TWELVE_TOKEN}` } }, (answer) => {
  if (answer.statusCode !== 200) process.exitCode = 1;
  answer.pipe(process.stdout);
});
