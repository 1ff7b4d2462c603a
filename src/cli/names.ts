import { InvalidArgumentError } from 'commander';
import { HotswapError } from '../errors.ts';
import type { Config } from '../state/config.ts';

/**
 * Reads the names in an option: `main, work`.
 * @throws InvalidArgumentError for an empty name, and for a name that comes twice.
 */
export function parseNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name === '')) {
    throw new InvalidArgumentError('expected names, separated by commas.');
  }
  if (names.includes('')) throw new InvalidArgumentError('a name is empty.');
  const repeated = findRepeated(names);
  if (repeated !== undefined) throw new InvalidArgumentError(`${repeated} is named twice.`);
  return names;
}

/** @throws HotswapError `usage` when one of these words comes twice. */
export function refuseRepeated(names: readonly string[]): void {
  if (findRepeated(names) === undefined) return;
  throw new HotswapError(
    'usage',
    `an account is named twice: ${names.join(', ')}`,
    'name each once',
  );
}

/**
 * Refuses a new name that differs from an existing one only in its letters' case: on a file system that ignores case both
 * accounts would have one directory.
 * @throws HotswapError `usage`.
 */
export function refuseOtherCase(config: Pick<Config, 'targets'>, name: string): void {
  const same = config.targets.map((target) => target.name).filter((known) => isSame(known, name));
  const [other] = same;
  if (other === undefined || same.includes(name)) return;
  throw new HotswapError(
    'usage',
    `an account called ${other} exists already`,
    'choose another name',
  );
}

function findRepeated(names: readonly string[]): string | undefined {
  return names.find((name, index) => names.findIndex((other) => isSame(other, name)) < index);
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
