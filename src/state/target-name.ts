/** Whether a text can name a target. The name becomes a part of file names, so few characters are allowed. */
export function isTargetName(name: unknown): name is string {
  return typeof name === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(name) && !/^\.+$/.test(name);
}
