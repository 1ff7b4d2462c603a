// Started by a session, detached: `keeper.js <target> <path of the real codex>` refreshes that account's access token.
const [name, real] = process.argv.slice(2);
if (name && real) {
  void import('../launch/keep-token.ts').then(({ keepToken }) =>
    keepToken({ name, real }, process.env).catch(() => {
      process.exitCode = 1; // nobody listens; the next look tries again
    }),
  );
}
