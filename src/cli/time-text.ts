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
