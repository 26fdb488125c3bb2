// The queue is a backing service, reached by a URL in the config: http(s)://… of anything that speaks
// POST /jobs → 202 and DELETE /jobs/next → 200 with a job or 204.
const url = process.env.QUEUE_URL;

export async function push(job) {
  const response = await fetch(new URL('/jobs', required()), { method: 'POST', body: JSON.stringify(job) });
  if (!response.ok) throw new Error(`the queue answered ${response.status}`);
}

/** @returns the next job, or null when there is none */
export async function take() {
  const response = await fetch(new URL('/jobs/next', required()), { method: 'DELETE' });
  if (response.status === 204) return null;
  if (!response.ok) throw new Error(`the queue answered ${response.status}`);
  return response.json();
}

function required() {
  if (!url) throw new Error('QUEUE_URL is not set: twelve config:set QUEUE_URL=http://…');
  return url;
}
