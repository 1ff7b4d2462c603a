/** The result of the action; undefined when it throws. For a fact that may be missing, never for a change that must happen. */
export function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
