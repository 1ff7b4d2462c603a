import { installPackage } from './install-package.ts';

const VERSION = /^\d+\.\d+\.\d+(-[\w.]+)?$/;

/** Whether a word is the version of a release, such as `0.171.0`. */
export function isVersion(word: string): boolean {
  return VERSION.test(word);
}

/**
 * Installs a release of `@openai/codex` from npm into `.cache/codex/<version>`, once.
 * @returns the path of its npm launcher.
 * @throws Error with one line that says what is wrong and what to do.
 */
export function installRelease(version: string): string {
  return installPackage({
    label: 'codex',
    name: '@openai/codex',
    version,
    folder: 'codex',
    program: 'bin/codex.js',
  });
}
