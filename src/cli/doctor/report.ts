import { release, type } from 'node:os';
import { basename } from 'node:path';
import { describeError } from '../../errors.ts';
import { CONFIG_DEFAULTS } from '../../state/config.ts';
import { VERSION } from '../../state/package-files.ts';
import { type Context, requireConfig } from '../context.ts';
import { listConfigKeys } from '../set-up/config-keys.ts';
import { createAnonymiser } from './anonymise.ts';
import { AREAS } from './examine.ts';
import { formatFinding } from './finding.ts';
import { askCodex } from './installation.ts';
import { readOwnWords } from './own-words.ts';
import { namePrivateTexts } from './private-names.ts';
import { describeRawEvent, readRawEvents } from './raw-events.ts';

/**
 * Prints a text for an issue: versions, settings, capabilities of Codex, findings of doctor, last events. Replaces accounts,
 * threads, paths and every word that is not in our programs. A broken part prints its error.
 */
export async function printReport(context: Context, ownWords = readOwnWords()): Promise<void> {
  const { say } = context;
  const anonymiser = createAnonymiser(ownWords);
  const events = readRawEvents(context.paths);
  namePrivateTexts(anonymiser, context, events.found.slice(-1000));
  // An issue shows the text between fences unchanged.
  say('```text');
  say(`codex-hotswap report of ${context.now.toISOString()}`);
  say('Accounts, threads, paths and unknown words are replaced. Read it before you send it.');
  await printPart('versions', () => listVersions(context));
  await printPart('settings', () => listSettings(context));
  await printPart('capabilities', () => listCapabilities(context, ownWords));
  for (const [area, check] of AREAS) {
    await printPart(`doctor: ${area}`, async () => (await check(context)).map(formatFinding));
  }
  await printPart(`the last ${MOST_EVENTS} events`, () => {
    const lines = events.found.slice(-MOST_EVENTS).map(describeRawEvent);
    const problems = events.errors.map((error) => describeError(error, nameBug).text);
    return [...problems, ...(lines.length > 0 ? lines : ['none'])];
  });
  say('```');

  async function printPart(title: string, list: () => string[] | Promise<string[]>): Promise<void> {
    say('');
    say(`-- ${title}`);
    let lines: string[];
    try {
      lines = await list();
    } catch (error) {
      lines = [`cannot be told: ${describeError(error, nameBug).text}`];
    }
    for (const line of lines.slice(0, MOST_LINES)) say(anonymiser.hide(line));
    if (lines.length > MOST_LINES) say(`… and ${lines.length - MOST_LINES} more`);
  }
}

const MOST_EVENTS = 50;
const MOST_LINES = 100;

/** Describes a bug without a report file: that file may hold private texts. */
function nameBug(error: unknown): string {
  return `a bug: ${error instanceof Error ? `${error.name}: ${error.message}` : typeof error}`;
}

async function listVersions(context: Context): Promise<string[]> {
  const { env } = context;
  const codex = await askCodex(context);
  const [kernel = ''] = /^\d+(\.\d+)*/.exec(release()) ?? [];
  const { TERM = 'no TERM', TERM_PROGRAM = '', TERM_PROGRAM_VERSION = '', COLORTERM = '' } = env;
  const inside = ['TMUX', 'STY', 'SSH_CONNECTION', 'WSL_DISTRO_NAME'].filter((name) => env[name]);
  const variables = Object.keys(env).filter((name) => /^(CODEX|OPENAI)_/.test(name) && env[name]);
  return [
    `codex-hotswap ${VERSION}`,
    `codex: ${'fault' in codex ? codex.fault : codex.version}`,
    `node ${process.versions.node}`,
    `system: ${type()} ${kernel} ${process.arch}`,
    `terminal: ${[TERM, TERM_PROGRAM, TERM_PROGRAM_VERSION, COLORTERM, ...inside].filter(Boolean).join(' ')}`,
    `shell: ${basename(env.SHELL ?? 'unknown')}`,
    `variables: ${variables.sort().join(' ') || 'none'}`,
  ];
}

/** All settings; of the prompt only its length, because the user wrote it. */
function listSettings(context: Context): string[] {
  const config = requireConfig(context);
  const values = listConfigKeys(config).map(({ key, read }) => {
    const value = read(config);
    const isOwnText = key === 'prompt' && value !== CONFIG_DEFAULTS.prompt;
    return `${key} = ${isOwnText ? `a text of ${String(value).length} characters` : value}`;
  });
  return [
    ...values,
    ...config.targets.map(({ name, vault }) => `targets.${name}.vault = ${vault}`),
    ...config.rules.map(({ path, targets }) => `rule for ${path}: ${targets.join(', ')}`),
  ];
}

/** Codex has more than 200 features. The list names only those that codex-hotswap knows. */
async function listCapabilities(
  context: Context,
  ownWords: ReadonlySet<string>,
): Promise<string[]> {
  const codex = await askCodex(context);
  if ('fault' in codex) return [codex.fault];
  const { noDaemon, features, learnedOptions } = codex.capabilities;
  const known = Object.keys(features).filter((name) => ownWords.has(name));
  const isOn = Object.values(features).filter((on) => on).length;
  return [
    `--no-daemon: ${noDaemon}`,
    `features: ${Object.keys(features).length}, ${isOn} of them on`,
    ...known.map((name) => `${name}: ${features[name]}`),
    `options new to codex-hotswap: ${learnedOptions.length}`,
  ];
}
