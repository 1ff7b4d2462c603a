import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { parseFeatures } from '../../src/codex/capabilities.ts';
import { readComposerKeys } from '../../src/codex/composer-keys.ts';
import { parseHelpOptions } from '../../src/codex/help-text.ts';
import {
  classifyLimitText,
  isCompactionError,
  parseLimitName,
  parseResetTime,
} from '../../src/codex/limits.ts';
import { mayAskToSignIn, readRefusal } from '../../src/codex/refusals.ts';
import { bracketTypedText } from '../../src/codex/replayed-keys.ts';
import { parseRolloutLine } from '../../src/codex/rollout.ts';
import { readRolloutFacts } from '../../src/codex/rollout-file.ts';
import { shortenPrompt } from '../../src/codex/thread-preview.ts';
import { listOverrides } from '../../src/launch/overrides.ts';
import { createEchoSensor } from '../../src/observe/echo.ts';
import { createErrorCellScanner } from '../../src/observe/error-cell.ts';
import { createInputClassifier } from '../../src/observe/keys.ts';
import { createModeTracker } from '../../src/observe/modes.ts';
import { createTurnStateScanner } from '../../src/observe/osc-state.ts';
import { createRecentText } from '../../src/observe/recent-text.ts';
import { renameHookKeys } from '../../src/overlay/hook-keys.ts';
import { createReportReader } from '../../src/pty/report.ts';
import { createBurstReader } from '../../src/session/tui/bursts.ts';
import { contains } from '../../src/session/tui/contains.ts';
import { createInputGate } from '../../src/session/tui/input-gate.ts';
import { createUnsentInput, hasPress } from '../../src/session/tui/unsent-input.ts';

// What users, models and files of others contain takes time that grows as it does. Each function that takes such text
// is given inputs that make expressions backtrack and copies grow: four times as much may not take much more than four
// times as long. An exponential one does not end by itself: a watchdog ends the process.

const ESC = '\u001b';
const [SMALL, LARGE] = [16 * 1024, 64 * 1024];
/** A quadratic function needs 16 times as long; caches and the collector of garbage add some to the 4 of a linear one. */
const MOST_RATIO = 10;
/** So little time says nothing, milliseconds of the processor. */
const NOISE_MS = 25;
const CHUNK = 4095;
const MOMENT = { at: 0, isTurnRunning: true };

/** Nothing else ends a function that does not come back: vitest waits for it in the same thread. */
const LONGEST_MS = 60_000;
const beat = new Int32Array(new SharedArrayBuffer(8));
const watchdog = new Worker(
  `const { beat, longestMs, pid } = require('node:worker_threads').workerData;
   for (let last; last !== beat[0]; ) { last = beat[0]; Atomics.wait(beat, 1, 0, longestMs); }
   process.kill(pid, 'SIGKILL');`,
  { eval: true, workerData: { beat, longestMs: LONGEST_MS, pid: process.pid } },
);
afterAll(async () => void (await watchdog.terminate()));

const directory = mkdtempSync(join(tmpdir(), 'linear-'));
afterAll(() => rmSync(directory, { recursive: true }));

const UNITS: Record<string, string> = {
  'one letter': 'a',
  pastes: `${ESC}[200~a${ESC}[201~`,
  'pastes that nest': `${ESC}[200~`,
  'ends of pastes': `${ESC}[201~`,
  Escapes: ESC,
  'control strings that never end': `${ESC}]`,
  'device strings that never end': `${ESC}P1`,
  'C1 control strings': '\u009d',
  'sequences that never end': `${ESC}[`,
  parameters: '0',
  intermediates: '/',
  prompts: 'abc\r',
  'words and Tab': 'ab\t',
  'mentions and Tab': '@\t',
  spaces: ' ',
  'empty lines': '\n',
  returns: '\r',
  quotes: '"',
  brackets: '[',
  'limits with a name': 'hit your usage limit for ',
  'times of a reset': 'try again at jan',
  'marks of an error cell': '■a',
  states: `${ESC}]7501;state=`,
  styles: `${ESC}[31m`,
  'header of hooks': '[hooks.state."/from/hooks.json:a:1:1"]\n',
  'settings without a value': 'sqlite_home \n',
  'white space before settings': '\n\t',
  options: '  -a, --bb',
  features: 'w  S true ',
};
const BEGINNINGS: Record<string, string> = {
  'a sequence': `${ESC}[`,
  'a control string': `${ESC}]`,
  'a limit': 'You’ve hit your usage limit for ',
  'a setting': 'sqlite_home',
  'an error cell': '■ ',
  'a user’s line':
    '{"timestamp":"2026-11-20T10:00:00.000Z","type":"response_item","payload":{"type":"message","role":"user","content":[{"text":"',
};

const latin1 = (text: string) => Buffer.from(text, 'latin1');

function inChunks(text: string, feed: (chunk: Buffer) => void): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += CHUNK) feed(bytes.subarray(at, at + CHUNK));
}

const FUNCTIONS: Record<string, (text: string) => unknown> = {
  readComposerKeys: (text) => [...readComposerKeys(latin1(text).toString('latin1'))].length,
  bracketTypedText,
  hasPress,
  'unsent input, taken with a record': (text) => {
    const unsent = createUnsentInput();
    for (let at = 0; at < text.length; at += CHUNK)
      unsent.addKeys(text.slice(at, at + CHUNK), MOMENT);
    return unsent.takeUnsent({ prompts: [text], turns: [{ from: 0, hasPrompt: true }] });
  },
  bursts: (text) => {
    const bursts = createBurstReader();
    for (let at = 0; at < text.length; at += 64) {
      bursts.add(text.slice(at, at + 64), at % 300, {
        destination: at % 3 === 0 ? 'queued' : 'delivered',
        moment: MOMENT,
      });
      bursts.hasQueued();
    }
    return bursts.takeFinished(Number.POSITIVE_INFINITY);
  },
  'the input gate': (text) => {
    let time = 0;
    const gate = createInputGate({
      deliver: () => undefined,
      deliverHeld: bracketTypedText,
      classifier: createInputClassifier(),
      dialogSince: () => undefined,
      isTurnRunning: () => true,
      takesAnswers: () => false,
      now: () => time,
      ticks: () => time,
      after: () => undefined,
    });
    let held = false;
    inChunks(text, (chunk) => {
      time += 10;
      gate.feed(chunk);
      gate.isBlank();
      if (!held && time > 20) gate.hold();
      held ||= time > 20;
    });
    gate.keepUnsentInput(undefined);
    time += 5000;
    gate.release();
  },
  'input classifier': (text) => {
    const classifier = createInputClassifier();
    inChunks(text, (chunk) => classifier.feed(chunk));
  },
  'mode tracker': (text) => {
    const modes = createModeTracker();
    inChunks(text, modes.feed);
    return modes.undo();
  },
  'error cells': (text) => {
    const cells = createErrorCellScanner((cell) => classifyLimitText(cell.text));
    inChunks(text, cells.feed);
  },
  'turn states': (text) => inChunks(text, createTurnStateScanner(() => undefined).feed),
  echo: (text) => {
    const echo = createEchoSensor();
    echo.await('a text that is not there', () => undefined);
    inChunks(text, echo.feed);
  },
  'recent text': (text) => {
    const recent = createRecentText();
    inChunks(text, recent.feed);
    return readRefusal(recent.text()) ?? mayAskToSignIn(recent.text());
  },
  classifyLimitText,
  parseLimitName,
  isCompactionError,
  parseResetTime: (text) => parseResetTime(text, new Date(0)),
  parseRolloutLine,
  shortenPrompt,
  listOverrides: (configText) =>
    listOverrides({
      capabilities: { noDaemon: false, features: {} },
      invocation: {
        mode: 'interactive',
        command: 'codex',
        args: [],
        flags: [],
        positionals: [],
        ambiguous: false,
      },
      configText,
      store: undefined,
      hookTrust: undefined,
    }),
  renameHookKeys: (text) => renameHookKeys(text, '/from', '/to'),
  parseFeatures,
  parseHelpOptions,
  'the monitor’s reports': (text) => {
    const read = createReportReader('nonce', () => undefined);
    inChunks(`${text}\n`, read);
  },
  'contains: the text': (text) => contains(text + text, text),
  'contains: with a letter in its middle': (text) => {
    const half = text.slice(0, text.length / 2);
    return contains(text + text, `${half}x${half}`);
  },
};

/** Processor time, milliseconds; the less of two, as another process may have had the caches. */
function timeOf(act: () => unknown): number {
  return Math.min(
    ...[1, 2].map(() => {
      Atomics.add(beat, 0, 1);
      const before = process.cpuUsage();
      act();
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    }),
  );
}

function fill(beginning: string, unit: string, length: number): string {
  return beginning + unit.repeat(Math.ceil(length / unit.length));
}

describe('the time grows as the input does', () => {
  it.each(Object.entries(FUNCTIONS))('%s', (_, act) => {
    const slow: string[] = [];
    for (const [what, unit] of Object.entries(UNITS)) {
      const runs = unit.length === 1 ? Object.entries(BEGINNINGS) : [];
      for (const [where, beginning] of [['', ''], ...runs] as const) {
        // A letter at the end makes an expression that wants the end go back.
        const time = (length: number) => timeOf(() => act(`${fill(beginning, unit, length)}!`));
        const large = time(LARGE);
        if (large <= NOISE_MS) continue;
        const small = time(SMALL);
        if (large <= MOST_RATIO * Math.max(small, NOISE_MS / 5)) continue;
        // The collector of garbage may have come in the larger one: what grows too fast does so again.
        const larger = time(4 * LARGE);
        if (larger > MOST_RATIO * large)
          slow.push(`${where} ${what}: ${small}, ${large}, ${larger} ms`);
      }
    }
    expect(slow).toEqual([]);
  });

  const IMAGE = 'QUJD'.repeat(1024);

  it.each([
    [
      'a prompt with images',
      (size: number) => userLine(IMAGE.repeat(size / IMAGE.length)),
      'prompt',
    ],
    ['the output of a tool', (size: number) => toolLine('x'.repeat(size)), undefined],
    ['a prompt of quotes', (size: number) => userLine('\\"'.repeat(size / 2)), 'prompt'],
  ])('a rollout line of 4 and 16 MB: %s', async (_, makeLine, type) => {
    const file = join(directory, 'rollout.jsonl');
    const times: number[] = [];
    for (const size of [4, 16]) {
      writeFileSync(file, `${makeLine(size * 1024 * 1024)}\n`);
      const before = process.cpuUsage();
      const { facts } = await readRolloutFacts(file);
      const { user, system } = process.cpuUsage(before);
      times.push((user + system) / 1000);
      expect(facts.map((fact) => fact.type)).toEqual(type === undefined ? [] : [type]);
    }
    const [small, large] = times as [number, number];
    expect(large / Math.max(small, NOISE_MS)).toBeLessThan(MOST_RATIO);
  });
});

function userLine(image: string): string {
  return lineOf(
    `"type":"message","role":"user","content":[{"type":"input_text","text":"look"},{"type":"input_image","image_url":"data:${image}"}]`,
  );
}

function toolLine(output: string): string {
  return lineOf(`"type":"function_call_output","output":"${output}"`);
}

function lineOf(payload: string): string {
  return `{"timestamp":"2026-11-20T10:00:00.000Z","type":"response_item","payload":{${payload}}}`;
}
