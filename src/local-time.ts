/**
 * A time for people, in local time: `15:12` today, `Nov 23 15:12` on another day, `Nov 23, 2027 15:12` in another year. Where the
 * user's locale has a 12-hour clock: `3:12 PM`. Every screen, line and title shows times of day by this function.
 * @param env the locale is that of LC_ALL, LC_TIME or LANG.
 */
export function describeTime(
  epochSeconds: number,
  now: Date,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const time = new Date(epochSeconds * 1000);
  const clock = describeClock(time, hasTwelveHours(env));
  if (time.toDateString() === now.toDateString()) return clock;
  const date = `${MONTHS[time.getMonth()]} ${time.getDate()}`;
  const year = time.getFullYear() === now.getFullYear() ? '' : `, ${time.getFullYear()}`;
  return `${date}${year} ${clock}`;
}

function describeClock(time: Date, isTwelve: boolean): string {
  const [hours, minutes] = [time.getHours(), String(time.getMinutes()).padStart(2, '0')];
  if (!isTwelve) return `${String(hours).padStart(2, '0')}:${minutes}`;
  return `${hours % 12 || 12}:${minutes} ${hours < 12 ? 'AM' : 'PM'}`;
}

/** Whether the user's locale has a 12-hour clock. The locales C and POSIX, and a locale that Node does not know, have not. */
function hasTwelveHours({ LC_ALL, LC_TIME, LANG }: NodeJS.ProcessEnv): boolean {
  // As POSIX ranks them; an empty one counts as not set.
  const tag = (LC_ALL || LC_TIME || LANG || 'C').replace(/[.@].*$/s, '').replaceAll('_', '-');
  try {
    const [known] = Intl.DateTimeFormat.supportedLocalesOf(tag);
    if (known === undefined) return false;
    return new Intl.DateTimeFormat(known, { hour: 'numeric' }).resolvedOptions().hour12 === true;
  } catch {
    return false; // no name of a locale
  }
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
