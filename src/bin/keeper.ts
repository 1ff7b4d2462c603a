// Started by a session, detached: `keeper.js <target> <path of the real codex> [doubted]` refreshes that account's access
// token, when it is old or its login is in doubt.
const [name, real, doubted] = process.argv.slice(2);
if (name && real) {
  void import('../launch/keep-token.ts').then(({ keepToken }) =>
    keepToken({ name, real, isDoubted: doubted !== undefined }, process.env).catch(() => {
      process.exitCode = 1; // nobody listens; the next look tries again
    }),
  );
}
