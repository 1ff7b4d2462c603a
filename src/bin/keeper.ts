// Started by a session, detached: `keeper.js <target> <path of the real codex> [suspect]` refreshes that account's access
// token, when it is old or its login may be revoked.
import { describeError } from '../errors.ts';
import { catchUncaught } from '../state/uncaught-errors.ts';

// It has no terminal. `describeError` writes a report of a bug, and the session starts a keeper again later.
catchUncaught((error) => {
  describeError(error);
  process.exit(1);
});
const [name, real, suspect] = process.argv.slice(2);
if (name && real) {
  void import('../launch/keep-token.ts').then(({ keepToken }) =>
    keepToken({ name, real, mayBeLoggedOut: suspect !== undefined }, process.env).catch(() => {
      process.exitCode = 1; // the session starts a keeper again later
    }),
  );
}
