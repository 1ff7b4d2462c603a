// Started by a session, detached: `keeper.js <target> <path of the real codex> [suspect]` refreshes that account's access
// token, when it is old or its login may be revoked.
import { describeError } from '../errors.ts';
import { catchUncaught } from '../state/last-net.ts';

// Nobody sees what it says; a bug is kept, and the next look tries again.
catchUncaught((error) => {
  describeError(error);
  process.exit(1);
});
const [name, real, suspect] = process.argv.slice(2);
if (name && real) {
  void import('../launch/keep-token.ts').then(({ keepToken }) =>
    keepToken({ name, real, mayBeLoggedOut: suspect !== undefined }, process.env).catch(() => {
      process.exitCode = 1; // nobody listens; the next look tries again
    }),
  );
}
