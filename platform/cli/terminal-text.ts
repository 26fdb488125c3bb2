// Text of others (apps, names, messages) as a terminal may be shown it, and times as people read them.

// Colours and the like pass; whatever else could move the cursor, retitle the window or answer back does not.
const color = String.raw`\x1b\[[0-9;:]*m`;
const title = String.raw`\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?`;
const sequence = String.raw`\x1b\[[0-?]*[ -/]*[@-~]?`;
const control = String.raw`[\x00-\x08\x0b-\x1f\x7f-\x9f]`;
const special = new RegExp(`(${color})|${title}|${sequence}|${control}`, 'g');

export function safeForTerminal(text: string): string {
  return text.replace(special, (_, allowed: string | undefined) => allowed ?? '');
}

/** `2026/11/23 04:00:00 +0000`, in the zone of the one who reads. */
export function localTime(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  const two = (value: number): string => String(value).padStart(2, '0');
  const offset = -time.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('/');
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  return `${date} ${clock} ${zone}`;
}

/** `~ 5m ago` */
export function age(iso: string, now = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(iso)) / 1000));
  if (Number.isNaN(seconds)) return '';
  if (seconds < 60) return `~ ${seconds}s ago`;
  if (seconds < 3600) return `~ ${Math.floor(seconds / 60)}m ago`;
  if (seconds < 48 * 3600) return `~ ${Math.floor(seconds / 3600)}h ago`;
  return `~ ${Math.floor(seconds / 86_400)}d ago`;
}

/** `2026/11/23 04:00:00 +0000 (~ 5m ago)` */
export function timeAndAge(iso: string, now = Date.now()): string {
  return `${localTime(iso)} (${age(iso, now)})`;
}

/** `4.2s`, `42s`, `3m 5s`, `1h 2m` */
export function span(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${whole % 60}s`;
  return `${Math.floor(whole / 3600)}h ${Math.floor((whole % 3600) / 60)}m`;
}

/** `12.3 MB` */
export function size(bytes: number | null): string {
  if (bytes === null) return '';
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1_048_576) return `${(bytes / 1024).toFixed(1)} KB`;
  if (bytes < 1_073_741_824) return `${(bytes / 1_048_576).toFixed(1)} MB`;
  return `${(bytes / 1_073_741_824).toFixed(1)} GB`;
}
