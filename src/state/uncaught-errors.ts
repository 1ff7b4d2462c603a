/**
 * Gives uncaught exceptions and unhandled rejections to `take`. Without it Node would print the stack on the user's screen
 * and end, while the terminal's modes are set and the child still runs.
 *
 * Only the handler that was added last is called: each phase of a launch knows what to do with its child. The handlers find
 * each other by a symbol, because each program of dist/ has its own copy of this module.
 *
 * @param take gets the error. An error that it throws ends the process in Node's way.
 * @returns a function that removes the handler.
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

/** An error of stderr (full, closed, gone) would end the process, although no reader is left for a message. */
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
