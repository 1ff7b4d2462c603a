/**
 * The last net below everything: takes an exception that nobody caught, or a rejection that nobody handled. Node would
 * print the whole stack on the user's screen and end, with the terminal's modes set and a child left behind.
 *
 * Nets lie over one another, and only the newest takes: each phase of a launch knows best what is to become of its child.
 * They find each other through the process, as each program of dist/ has a copy of this module.
 *
 * @param take gets the error; what it throws ends the process as Node does it.
 * @returns what takes this net away.
 */
export function catchUncaught(take: (error: unknown) => void): () => void {
  const listener = (error: unknown) => {
    if (process.listeners(EVENT).filter(isNet).at(-1) === listener) take(error);
  };
  const onRejection = (error: unknown) => listener(error);
  Object.assign(listener, { [NET]: true });
  process.on(EVENT, listener);
  process.on('unhandledRejection', onRejection);
  return () => {
    process.off(EVENT, listener);
    process.off('unhandledRejection', onRejection);
  };
}

/** A stderr that is full, closed or gone must not end us with an exception of its own: there is nobody to tell. */
export function ignoreStderrErrors(): void {
  if (isStderrHeard) return;
  isStderrHeard = true;
  process.stderr.on('error', () => {});
}

let isStderrHeard = false;

const EVENT = 'uncaughtException';
const NET = Symbol.for('codex-hotswap.net');

function isNet(listener: object): boolean {
  return NET in listener;
}
