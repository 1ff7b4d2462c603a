import { type LaunchRecord, readLaunches } from '../../src/registry/launch-record.ts';
import { resolvePaths } from '../../src/state/paths.ts';
import type { Sandbox } from './sandbox.ts';

/** The records of the session registry in a sandbox, the newest first. */
export function readRegistry({ home }: Sandbox): LaunchRecord[] {
  return readLaunches(resolvePaths({}, home)).launches;
}
