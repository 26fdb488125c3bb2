// Takes jobs one by one. On SIGTERM it finishes the one in hand, so that none is lost or done twice.
import { setTimeout as sleep } from 'node:timers/promises';
import { take } from './queue.js';

let stopping = false;
process.on('SIGTERM', () => {
  console.log('SIGTERM: finishing the job in hand');
  stopping = true;
});

console.log(`${process.env.DYNO ?? 'worker'} is waiting for jobs`);
while (!stopping) {
  try {
    const job = process.env.QUEUE_URL ? await take() : null;
    if (job) console.log(`done: ${job.text}`);
    else await sleep(500);
  } catch (error) {
    console.error(`no job: ${error.message}`);
    await sleep(2000);
  }
}
process.exit(0);
