import { it } from 'vitest';
import { codexUnderTest } from './codex-under-test.ts';

/**
 * `it`, for scenes that older releases of Codex cannot play: with a release before `version` they are skipped, and a line
 * of the run's output says why.
 * @param why what the older releases do instead.
 */
export function itSince(version: string, why: string): typeof it {
  if (codexUnderTest.isAtLeast(version)) return it;
  console.log(`skipped with Codex ${codexUnderTest.version}, plays from ${version} on: ${why}`);
  return it.skip as typeof it;
}
