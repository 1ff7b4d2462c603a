// npm run codex:news -- <old> <new>: compares two releases of Codex in what matters to us, by questions to their binaries.
// Only their installation needs a network. The exit status is 1 if a release cannot be installed or asked.
import { readFileSync } from 'node:fs';
import { compareFeatures } from './codex-news/features.ts';
import { compareHelp } from './codex-news/help.ts';
import { compareHomes } from './codex-news/home.ts';
import { inspectRelease } from './codex-news/inspect.ts';
import { compareProtocols } from './codex-news/protocol.ts';
import { formatReport, type Section } from './codex-news/report.ts';
import { compareTexts } from './codex-news/texts.ts';
import { installRelease, isVersion } from './codex-release.ts';

const [old = '', young = '', ...rest] = process.argv.slice(2);
if (!isVersion(old) || !isVersion(young) || rest.length > 0) {
  console.error('usage: npm run codex:news -- <old version> <new version>, e.g. 0.169.0 0.171.0');
  process.exit(2);
}
try {
  const launchers = [installRelease(old), installRelease(young)] as const;
  await printNews(...launchers);
} catch (error) {
  console.error(`codex-news: ${(error as Error).message.split('\n')[0]}`);
  process.exitCode = 1;
}

async function printNews(oldLauncher: string, youngLauncher: string): Promise<void> {
  const before = await inspectRelease(oldLauncher);
  const after = await inspectRelease(youngLauncher);
  const overrides = readFileSync(new URL('../src/launch/overrides.ts', import.meta.url), 'utf8');
  console.log(
    formatReport(old, young, [
      ...compare('Features', before.features, after.features, (a, b) => [
        compareFeatures(a, b, overrides),
      ]),
      ...compare('Commands and options', before.help, after.help, (a, b) => [compareHelp(a, b)]),
      ...compare('Entries of CODEX_HOME', before.home, after.home, (a, b) => [compareHomes(a, b)]),
      ...compare('Texts', before.texts, after.texts, compareTexts),
      ...compare('App-server', before.protocol, after.protocol, compareProtocols),
    ]),
  );
}

/** The sections of one subject. When a release could not be asked, one section that says why. */
function compare<T extends object>(
  title: string,
  before: T | Error,
  after: T | Error,
  sections: (before: T, after: T) => Section[],
): Section[] {
  if (!(before instanceof Error) && !(after instanceof Error)) return sections(before, after);
  process.exitCode = 1;
  const causes = [
    [old, before],
    [young, after],
  ].flatMap(([version, error]) =>
    error instanceof Error
      ? [`${version} could not be asked: ${error.message.split('\n')[0]}`]
      : [],
  );
  return [{ title, lines: causes, lookAt: [`scripts/codex-news: ${title}: see below`] }];
}
