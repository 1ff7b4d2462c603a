import { describe, it } from 'vitest';
import { codexUnderTest } from './codex-under-test.ts';

/**
 * `it`, for scenes that not every release of Codex can play. Where it cannot, they are skipped, and a line of the run's
 * output says why.
 * @param why what that release does instead.
 */
export function itWhere(canPlay: boolean, why: string): typeof it {
  if (!canPlay) tellSkipped(why);
  return canPlay ? it : (it.skip as typeof it);
}

/** The same for the releases before a version. */
export function itSince(version: string, why: string): typeof it {
  return itWhere(codexUnderTest.isAtLeast(version), `plays from ${version} on: ${why}`);
}

/** The same for a group of scenes. */
export function describeWhere(canPlay: boolean, why: string): typeof describe {
  if (!canPlay) tellSkipped(why);
  return canPlay ? describe : (describe.skip as typeof describe);
}

/** The same for a group of scenes and the releases before a version. */
export function describeSince(version: string, why: string): typeof describe {
  return describeWhere(codexUnderTest.isAtLeast(version), `plays from ${version} on: ${why}`);
}

function tellSkipped(why: string): void {
  console.log(`skipped with Codex ${codexUnderTest.version}: ${why}`);
}
