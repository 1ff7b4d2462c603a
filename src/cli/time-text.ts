/** A time for people, in local time: `15:12` today, `Nov 23 15:12` on another day, `Nov 23, 2027 15:12` in another year. */
export function describeTime(epochSeconds: number, now: Date): string {
  const time = new Date(epochSeconds * 1000);
  const clock = `${pad(time.getHours())}:${pad(time.getMinutes())}`;
  if (time.toDateString() === now.toDateString()) return clock;
  const date = `${MONTHS[time.getMonth()]} ${time.getDate()}`;
  const year = time.getFullYear() === now.getFullYear() ? '' : `, ${time.getFullYear()}`;
  return `${date}${year} ${clock}`;
}

/** The time until then: `in 2 d 3 h`, `in 2 h 10 min`, `in 5 min`, `in less than a minute`. */
export function describeWait(epochSeconds: number, now: Date): string {
  const minutes = Math.ceil((epochSeconds - now.getTime() / 1000) / 60);
  if (minutes <= 1) return 'in less than a minute';
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor(minutes / 60) % 24;
  const rest = minutes % 60;
  if (days > 0) return `in ${days} d${hours > 0 ? ` ${hours} h` : ''}`;
  return hours > 0 ? `in ${hours} h${rest > 0 ? ` ${rest} min` : ''}` : `in ${rest} min`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function pad(count: number): string {
  return String(count).padStart(2, '0');
}
