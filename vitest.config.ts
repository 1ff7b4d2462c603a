import { defineConfig } from 'vitest/config';

// Real processes on two cores: files run side by side, tests within a file one after the other.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/lab/keep-artefacts.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
