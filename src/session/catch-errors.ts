/** Wraps a listener. Its exceptions go to `fail`, and do not end the session. */
export function catchErrors<A extends unknown[]>(
  session: { fail(error: unknown): void },
  listen: (...args: A) => void,
): (...args: A) => void {
  return (...args) => {
    try {
      listen(...args);
    } catch (error) {
      session.fail(error);
    }
  };
}
