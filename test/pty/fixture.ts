import { fileURLToPath } from 'node:url';

export const MONITOR = fileURLToPath(new URL('../../shim/monitor', import.meta.url));

/** Path of an executable in test/fixtures/bin. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/bin/${name}`, import.meta.url));
}
