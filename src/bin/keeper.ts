// A session starts this program as a detached process: `keeper.js <target> <path of the real codex> [suspect]`. It refreshes
// the access token of the target, when the token is old or the login may be revoked.
import { describeError } from '../errors.ts';
import { catchUncaught } from '../state/uncaught-errors.ts';

// It has no terminal, so an error prints nothing. `describeError` writes the report of a bug. The session starts a keeper
// again later.
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
