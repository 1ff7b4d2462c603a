import { describe, it } from 'vitest';
import { codexUnderTest } from './codex-under-test.ts';

/**
 * `it`, for scenes that not every release of Codex can play. Where it cannot, they are skipped, and a line of the run's
 * output says why.
 * @param why what that release does instead.
 */
export function itWhere(canPlay: boolean, why: string): typeof it {
  return tellWhere(canPlay, why) ? it : (it.skip as typeof it);
}

/** The same for the releases before a version. */
export function itSince(version: string, why: string): typeof it {
  return itWhere(codexUnderTest.isAtLeast(version), `plays from ${version} on: ${why}`);
}

/** The same for a group of scenes. */
export function describeWhere(canPlay: boolean, why: string): typeof describe {
  return tellWhere(canPlay, why) ? describe : (describe.skip as typeof describe);
}

/** The same for a group of scenes and the releases before a version. */
export function describeSince(version: string, why: string): typeof describe {
  return describeWhere(codexUnderTest.isAtLeast(version), `plays from ${version} on: ${why}`);
}

/** The same for the rows of a table that a release cannot play. @returns whether it can. */
export function tellWhere(canPlay: boolean, why: string): boolean {
  if (!canPlay) console.log(`skipped with Codex ${codexUnderTest.version}: ${why}`);
  return canPlay;
}
