import { SourceMap } from 'node:module';
import { join } from 'node:path';
import { readRegularFile } from '../regular-file.ts';
import { attempt } from './attempt.ts';
import { ensurePrivateDir, errnoOf, timestamp, unusedName, writeNewFile } from './files.ts';
import { VERSION } from './package-files.ts';
import { homeOf, resolvePaths } from './paths.ts';

/**
 * Writes a report of a bug of ours (0600, in `reports` of the state directory), because a stack on the screen helps no user.
 * Never throws.
 * @returns one line that names the report, without `codex-hotswap:` before it.
 */
export function reportBug(error: unknown, env: NodeJS.ProcessEnv = process.env): string {
  const name = error instanceof Error ? error.name : typeof error;
  try {
    const dir = join(resolvePaths(env, homeOf(env)).stateDir, 'reports');
    ensurePrivateDir(dir);
    const file = unusedName(join(dir, `${timestamp(new Date())}-${process.pid}.txt`));
    writeNewFile(file, reportOf(error), { sync: false });
    return `this is a bug in codex-hotswap (${name}), please report it with ${file}`;
  } catch (failure) {
    const why = errnoOf((failure as Error).cause) ?? errnoOf(failure) ?? 'it cannot be written';
    const what = error instanceof Error ? error.message : String(error);
    const [line = ''] = hideSecrets(what).split('\n');
    return `this is a bug in codex-hotswap (${name}: ${line.slice(0, 200)}), and no report could be written (${why})`;
  }
}

/** The text without anything that looks like a token or a part of one. */
export function hideSecrets(text: string): string {
  return SECRETS.reduce((hidden, secret) => hidden.replace(secret, '<hidden>'), text);
}

// Linear in time: no part of a pattern matches a character that the part before it matches.
const SECRETS = [
  // A JWT, or the beginning of one.
  /\beyJ[\w.-]*/g,
  /\b(?:sk|rt|at|sess)[-_][\w-]{8}[\w-]*/g,
  /_token\b["\s:=]*[\w.-]*/g,
  /\bsecret[\w.-]*/gi,
  // Longer than any word of a stack.
  /[\w-]{40}[\w-]*/g,
];

function reportOf(error: unknown): string {
  const head = `codex-hotswap ${VERSION}, Node ${process.version}, ${process.platform} ${process.arch}`;
  const cause = error instanceof Error ? error.cause : undefined;
  const causedBy = cause === undefined ? '' : `\ncaused by ${stackOf(cause)}\n`;
  return `${head}\n${new Date().toISOString()}\n\n${stackOf(error)}\n${causedBy}`;
}

function stackOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return hideSecrets(nameSources(stack));
}

/**
 * Replaces each place in a program of dist/, which is one long line, by its place in the source. Node's
 * `process.setSourceMapsEnabled` cannot do it: Node reads only the maps of files that it loads after that call.
 */
function nameSources(stack: string): string {
  const maps = new Map<string, SourceMap | undefined>();
  return stack.replace(
    /(?<=\(|\bat )(\/[^()\n]+\.js):(\d+):(\d+)/g,
    (place, file, line, column) => {
      if (!maps.has(file)) maps.set(file, readSourceMap(`${file}.map`));
      const origin = maps.get(file)?.findOrigin(Number(line), Number(column));
      if (origin === undefined || !('fileName' in origin)) return place;
      // A map in dist/<folder>/ says `../../src/…`.
      return `${origin.fileName.replaceAll('../', '')}:${origin.lineNumber}:${origin.columnNumber}`;
    },
  );
}

function readSourceMap(file: string): SourceMap | undefined {
  return attempt(() => new SourceMap(JSON.parse(readRegularFile(file).toString('utf8'))));
}
