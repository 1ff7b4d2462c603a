import { defineConfig } from 'vitest/config';

// Real processes on two cores: files run side by side, tests within a file one after the other.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/lab/keep-artefacts.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Times of day are written as the locale has them.
    env: { LC_ALL: 'C.UTF-8' },
    pool: 'forks',
    maxWorkers: 2,
  },
});
