import { SourceMap } from 'node:module';
import { join } from 'node:path';
import { readRegularFile } from '../regular-file.ts';
import { ensurePrivateDir, errnoOf, timestamp, unusedName, writeNewFile } from './files.ts';
import { homeOf, resolvePaths } from './paths.ts';

/**
 * Keeps what is needed to find a bug of ours in a file of its own (0600, in `reports` of the state directory): a stack is
 * nothing for a user's screen. Never throws.
 * @returns one line that says where the report is, without `codex-hotswap:` before it.
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
    return `this is a bug in codex-hotswap (${name}: ${line.slice(0, 200)}), and no report could be kept (${why})`;
  }
}

/** What looks like a token, or like part of one, is not for a report. */
export function hideSecrets(text: string): string {
  return SECRETS.reduce((hidden, secret) => hidden.replace(secret, '<hidden>'), text);
}

// Each of them walks over the text once: no part can match what the part before it has matched.
const SECRETS = [
  // A JWT, or the beginning of one.
  /\beyJ[\w.-]*/g,
  /\b(?:sk|rt|at|sess)[-_][\w-]{8}[\w-]*/g,
  /_token\b["\s:=]*[\w.-]*/g,
  /\bsecret[\w.-]*/gi,
  // No word of a stack is so long.
  /[\w-]{40}[\w-]*/g,
];

function reportOf(error: unknown): string {
  const version = process.env.CODEX_HOTSWAP_VERSION ?? 'development';
  const head = `codex-hotswap ${version}, Node ${process.version}, ${process.platform} ${process.arch}`;
  return `${head}\n${new Date().toISOString()}\n\n${stackOf(error)}\n${causeOf(error)}`;
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause === undefined) return '';
  return `\ncaused by ${stackOf(cause)}\n`;
}

function stackOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return hideSecrets(nameSources(stack));
}

/**
 * A program of dist/ is one long line, so each place in one is told by its source map. `process.setSourceMapsEnabled`
 * would not do: Node takes a map only of what is loaded after it.
 */
function nameSources(stack: string): string {
  const maps = new Map<string, SourceMap | undefined>();
  return stack.replace(
    /(?<=\(|\bat )(\/[^()\n]+\.js):(\d+):(\d+)/g,
    (place, file, line, column) => {
      if (!maps.has(file)) maps.set(file, readSourceMap(`${file}.map`));
      const origin = maps.get(file)?.findOrigin(Number(line), Number(column));
      if (origin === undefined || !('fileName' in origin)) return place;
      // From dist/<room>/ it is `../../src/…`.
      return `${origin.fileName.replaceAll('../', '')}:${origin.lineNumber}:${origin.columnNumber}`;
    },
  );
}

function readSourceMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readRegularFile(file).toString('utf8')));
  } catch {
    return undefined;
  }
}
