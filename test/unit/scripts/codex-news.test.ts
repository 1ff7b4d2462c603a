import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compareFacts, type Facts, gatherCommon } from '../../../scripts/codex-news/facts.ts';
import { compareFeatures, parseFeatureList } from '../../../scripts/codex-news/features.ts';
import { compareHelp, parseHelp, readHelpTree } from '../../../scripts/codex-news/help.ts';
import { compareHomes, listEntries, maskEntry } from '../../../scripts/codex-news/home.ts';
import { SIGN_IN_TEXTS, WRITER_TEXTS } from '../../../scripts/codex-news/known-texts.ts';
import { compareProtocols } from '../../../scripts/codex-news/protocol.ts';
import { readTextPart } from '../../../scripts/codex-news/read-texts.ts';
import { formatChanges, formatItems, formatReport } from '../../../scripts/codex-news/report.ts';
import { listParts, readProtocol } from '../../../scripts/codex-news/schema.ts';
import { compareTexts, findTexts, listSentences } from '../../../scripts/codex-news/texts.ts';
import { mayAskToSignIn, readRefusal } from '../../../src/codex/refusals.ts';

// npm run codex:news compares two real releases; these are its comparing parts, with releases of a few lines.

const facts = (object: Record<string, string[]>): Facts => new Map(Object.entries(object));

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'codex-news-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('facts of two releases', () => {
  test('names and items that only one has are changes, the rest is none', () => {
    const before = facts({ same: ['a'], gone: ['x'], kept: ['a', 'b'] });
    const after = facts({ same: ['a'], kept: ['b', 'd', 'c'], young: [] });
    expect(compareFacts(before, after)).toEqual([
      { name: 'gone', added: [], removed: ['x'], whole: 'gone' },
      { name: 'kept', added: ['c', 'd'], removed: ['a'] },
      { name: 'young', added: [], removed: [], whole: 'new' },
    ]);
  });

  test('the older with its changes is the newer', () => {
    const word = fc.constantFrom('a', 'b', 'c', 'd');
    const anyFacts = fc.dictionary(word, fc.uniqueArray(word)).map(facts);
    fc.assert(
      fc.property(anyFacts, anyFacts, (before, after) => {
        const result = new Map([...before].map(([name, items]) => [name, new Set(items)]));
        for (const { name, added, removed, whole } of compareFacts(before, after)) {
          const items = result.get(name) ?? new Set();
          for (const item of removed) items.delete(item);
          for (const item of added) items.add(item);
          if (whole === 'gone') result.delete(name);
          else result.set(name, items);
        }
        expect(result).toEqual(new Map([...after].map(([name, items]) => [name, new Set(items)])));
      }),
    );
  });

  test('an item that came to many names is told once; new names keep theirs', () => {
    const changes = compareFacts(
      facts({ a: [], b: [], c: ['z'] }),
      facts({ a: ['x'], b: ['x', 'y'], c: ['x'], d: ['x'] }),
    );
    expect(gatherCommon(changes, 2, 'commands')).toEqual([
      { name: '3 commands', added: ['x'], removed: [] },
      { name: 'b', added: ['y'], removed: [] },
      { name: 'c', added: [], removed: ['z'] },
      { name: 'd', added: ['x'], removed: [], whole: 'new' },
    ]);
    expect(gatherCommon(changes, 3, 'commands')).toEqual(changes);
  });
});

describe('the report', () => {
  test('has what to look at first, and says where nothing changed', () => {
    const text = formatReport('1.0.0', '2.0.0', [
      { title: 'One', lines: ['+ a'], lookAt: ['src/x.ts: a'] },
      { title: 'Two', lines: [] },
    ]);
    expect(text).toBe(
      'Codex 1.0.0 -> 2.0.0\n\nLook at\n  src/x.ts: a\n\nOne\n  + a\n\nTwo\n  no change\n',
    );
  });

  test('has a line for what is removed, then one for what is added', () => {
    const lines = formatChanges([
      { name: 'a', added: ['y', 'z'], removed: ['x'] },
      { name: 'b', added: [], removed: ['x'], whole: 'gone' },
      { name: 'c', added: [], removed: [], whole: 'new' },
    ]);
    expect(lines).toEqual(['- a: x', '+ a: y, z', '- b', '+ c']);
  });

  test('loses no item when it breaks lines', () => {
    const item = fc.stringMatching(/^[a-z]{1,90}$/);
    fc.assert(
      fc.property(fc.array(item, { minLength: 1 }), (items) => {
        const words = formatItems('+ name', items).map((line) => line.trim());
        expect(words.join(' ').replace('+ name: ', '')).toBe(items.join(', '));
      }),
    );
  });

  test('has lines of 120 columns at most', () => {
    const widths = Array.from({ length: 90 }, (_, index) => {
      const lines = formatItems('+ name', Array(200).fill('x'.repeat(index + 1)));
      const report = formatReport('1.0.0', '2.0.0', [{ title: 'One', lines }]);
      return Math.max(...report.split('\n').map((line) => line.length));
    });
    expect(Math.max(...widths)).toBe(120);
  });
});

describe('features', () => {
  const before = parseFeatureList(
    'goals   stable             true\ntui_x   under development  false\n',
  );
  const after = parseFeatureList(
    'goals   stable             false\ntui_x   stable             true\n',
  );

  test('are grouped by stage and default', () => {
    expect(before).toEqual(facts({ 'stable, on': ['goals'], 'under development, off': ['tui_x'] }));
  });

  test('what is on comes first; what is switched on or is ours is to be looked at', () => {
    const { lines, lookAt } = compareFeatures(before, after, "'features.goals=false'");
    expect(lines).toEqual([
      '- stable, on: goals',
      '+ stable, on: tui_x',
      '+ stable, off: goals',
      '- under development, off: tui_x',
    ]);
    expect(lookAt).toEqual([
      'src/launch/overrides.ts: names a feature that changed: goals',
      'src/launch/overrides.ts: may have to switch off what is on by default now: tui_x',
      'src/launch/overrides.ts: off by default now: goals',
    ]);
  });

  test.each([
    ['only changes its stage', 'x  experimental  true', 'x  stable  true'],
    ['is removed', 'x  stable  true', 'x  removed  false'],
    ['is removed and said to be on', 'x  experimental  false', 'x  removed  true'],
    ['is gone', 'x  stable  true', ''],
  ])('one that %s is told, and no more', (_, old, young) => {
    const { lines, lookAt } = compareFeatures(parseFeatureList(old), parseFeatureList(young), '');
    expect(lines.length).toBeGreaterThan(0);
    expect(lookAt).toEqual([]);
  });
});

const ROOT_HELP = `Codex CLI

Usage: codex [OPTIONS] [PROMPT]
       codex [OPTIONS] <COMMAND> [ARGS]

Commands:
  exec       Run it [aliases: e, x]
  newthing   A long description that goes on
             below
  help       Print this message

Options:
  -i, --image <FILE>...
          Images, not --this

      --brand-new <X>
  -h, --help
          Print help
`;

describe('help', () => {
  test('of a command: usage, options, and the commands below', () => {
    expect(parseHelp(ROOT_HELP, [])).toEqual({
      items: [
        'takes [OPTIONS] [PROMPT]',
        'takes [OPTIONS] <COMMAND> [ARGS]',
        '-i --image <…>...',
        '--brand-new <…>',
      ],
      commands: [
        { name: 'exec', aliases: ['e', 'x'] },
        { name: 'newthing', aliases: [] },
      ],
    });
  });

  test('is asked for at all levels', async () => {
    const asked: string[] = [];
    const tree = await readHelpTree(async (args) => {
      asked.push(args.join(' '));
      if (args.length === 1) return ROOT_HELP;
      return `Usage: codex ${args[0]} [OPTIONS]\n\nOptions:\n      --remote <ADDR>\n`;
    });
    expect(asked).toEqual(['--help', 'exec --help', 'newthing --help']);
    expect(tree.get('codex exec')).toEqual([
      'alias e',
      'alias x',
      'takes [OPTIONS]',
      '--remote <…>',
    ]);
  });

  test('what the grammar does not know is to be looked at', () => {
    const before = facts({ codex: ['--search'], 'codex exec': ['--json'] });
    const after = facts({
      codex: ['--search', '--brand-new <…>'],
      'codex exec': ['--json', '--brand-new <…>'],
      'codex exec resume': ['takes --odd <X>', '--last'],
      'codex exec newthing': [],
      'codex newthing': ['--anything'],
      'codex mcp newthing': ['--anything'],
      'codex mcp newthing deeper': [],
    });
    const { lookAt } = compareHelp(before, after);
    expect(lookAt).toEqual([
      'src/codex/grammar.ts: does not know --brand-new (codex, codex exec)',
      'src/codex/grammar.ts: does not know the command (codex exec newthing, codex newthing)',
    ]);
  });
});

const ONE_SCHEMA = {
  definitions: {
    ClientRequest: {
      oneOf: [
        { properties: { method: { enum: ['initialize'] }, params: { $ref: '#/definitions/P' } } },
        { properties: { method: { enum: ['account/read'] } } },
      ],
    },
    v2: {
      GetAccountResponse: {
        properties: { account: { anyOf: [{ $ref: '#/definitions/v2/Plan' }] } },
      },
      Plan: { enum: ['free', 'plus'], type: 'string' },
      Item: {
        oneOf: [
          { properties: { type: { enum: ['say'] }, text: { type: 'string' } } },
          { properties: { type: { enum: ['run'] }, at: { properties: { line: {} } } } },
        ],
      },
      GetAccountRateLimitsResponse: {},
      CodexErrorInfo: {},
    },
  },
};

describe('the protocol', () => {
  test('is methods by direction, and fields and values by type', () => {
    const { methods, types, parts } = readProtocol(ONE_SCHEMA);
    expect(methods).toEqual(facts({ 'requests of the client': ['initialize', 'account/read'] }));
    expect(types.get('Plan')).toEqual(['"free"', '"plus"']);
    expect(types.get('Item')).toEqual(['"say"', 'say.text', '"run"', 'run.at', 'run.at.line']);
    expect(listParts(['GetAccountResponse'], parts)).toEqual(
      new Set(['GetAccountResponse', 'Plan']),
    );
  });

  test('what we read is told apart from the rest', () => {
    const after = structuredClone(ONE_SCHEMA);
    const { v2, ClientRequest } = after.definitions;
    v2.Plan.enum.push('sci');
    v2.Item.oneOf.pop();
    Object.assign(v2, { Young: {}, YoungParams: {} });
    ClientRequest.oneOf.shift();
    const sections = compareProtocols(readProtocol(ONE_SCHEMA), readProtocol(after));
    expect(sections.map(({ lines }) => lines)).toEqual([
      ['- requests of the client: initialize'],
      ['+ Plan: "sci"'],
      ['+ types: Young', '- Item: "run", run.at'],
    ]);
    expect(sections[1]?.lookAt).toHaveLength(1);
  });

  test('a type of ours that is gone is to be looked at', () => {
    const after = structuredClone(ONE_SCHEMA) as { definitions: { v2: Record<string, unknown> } };
    delete after.definitions.v2.CodexErrorInfo;
    const [, read] = compareProtocols(readProtocol(ONE_SCHEMA), readProtocol(after));
    expect(read?.lookAt?.join('\n')).toContain('CodexErrorInfo is gone');
  });
});

describe('texts', () => {
  const known = new Map([
    ['a.ts', ["You've hit it.", 'No such text', 'A title above A longer choice of the user']],
  ]);

  test('are found with either apostrophe, and those put together on screen by their longest part', () => {
    for (const apostrophe of ["'", '’']) {
      const image = Buffer.from(`\0\xffYou${apostrophe}ve hit it.A longer choice of the user\0`);
      expect(findTexts(image, known).get('a.ts')).toEqual([
        "You've hit it.",
        'A longer choice of the user (part of a text)',
      ]);
    }
  });

  test('sentences about limits are told from the literals beside them', () => {
    const image = Buffer.from(
      '\0struct fooYou’ve reached your usage limit today.No limits in here at all.\x01' +
        'plain words. Ask the workspace owner for help!event src/usage limit.rs:12 done.\0',
    );
    expect(listSentences(image)).toEqual([
      'Ask the workspace owner for help!',
      "You've reached your usage limit today.",
    ]);
  });

  test('what one binary has and the other has not is told', () => {
    const textsOf = (words: string) => {
      const image = Buffer.from(words);
      return { image, known: findTexts(image, known), sentences: listSentences(image) };
    };
    // The second sentence is in both, glued to other words in one.
    const before = textsOf("You've hit it.\0Please sign in again, Joe.");
    const after = textsOf('Your usage limit is back.\0xPlease sign in again, Joe.x');
    const [ours, others] = compareTexts(before, after);
    expect(ours?.lines).toEqual(["- You've hit it."]);
    expect(ours?.lookAt).toEqual(['a.ts: texts of it are gone, see below']);
    expect(others?.lines).toEqual(['+ Your usage limit is back.']);
  });

  test.each(WRITER_TEXTS)('“%s” is one that refusals.ts knows', (text) => {
    expect(readRefusal(text)).toBe('active-writer');
  });

  test('the sign-in screen is the one that refusals.ts knows', () => {
    expect(mayAskToSignIn(SIGN_IN_TEXTS.join('\n'))).toBe(true);
    for (const text of SIGN_IN_TEXTS) expect(mayAskToSignIn(text)).toBe(false);
  });
});

describe('the part of a program that holds its texts', () => {
  test('is .rodata of an ELF file', () => {
    const file = join(directory, 'elf');
    writeFileSync(file, makeElf('the texts'));
    expect(readTextPart(file).toString()).toBe('the texts');
  });

  test.each([
    ['of another format', 'MZ and so on'],
    ['of nothing', ''],
  ])('is the whole file %s', (_, content) => {
    const file = join(directory, 'other');
    writeFileSync(file, content);
    expect(readTextPart(file).toString()).toBe(content);
  });
});

describe('entries of CODEX_HOME', () => {
  test.each([
    ['sessions/2026/', 'sessions/<date>/'],
    [
      'thread-writer-locks/01a218ad-e09f-7a62-8530-3f31c7068bc3.lock',
      'thread-writer-locks/<id>.lock',
    ],
    ['log/2026-11-26T16-15-44.log', 'log/<date>.log'],
    ['shell_snapshots/1732637744123456789.sh', 'shell_snapshots/<id>.sh'],
    ['.tmpAb12Cd', '.tmp<id>'],
    ['state_5.sqlite-wal', 'state_5.sqlite-wal'],
    ['tmp/arg0-linux/', 'tmp/arg0-linux/'],
  ])('%s is shown as %s', (path, masked) => {
    expect(maskEntry(path)).toBe(masked);
  });

  test('are listed two levels deep', () => {
    mkdirSync(join(directory, 'a', 'b', 'c'), { recursive: true });
    writeFileSync(join(directory, 'a', 'f'), '');
    writeFileSync(join(directory, 'g'), '');
    expect(listEntries(directory).sort()).toEqual(['a/', 'a/b/', 'a/f', 'g']);
  });

  test('new ones have their policy; unknown ones are to be looked at', () => {
    const { lines, lookAt } = compareHomes(
      ['sessions/', 'old'],
      ['sessions/', 'sessions/x', 'state_6.sqlite', 'tmp/', 'surprise/', 'surprise/in-it'],
    );
    expect(lines).toEqual([
      '- old',
      '+ sessions/x  (link)',
      '+ state_6.sqlite  (never)',
      '+ surprise/  (unknown: default, link)',
      '+ tmp/  (private)',
    ]);
    expect(lookAt).toEqual([
      'src/codex/home-table.ts: surprise is in no table (unknown: default, link)',
    ]);
  });
});

/** The least of a 64-bit little-endian ELF file: a header, a table of two sections, their names, and `.rodata`. */
function makeElf(content: string): Buffer {
  const names = Buffer.from('\0.rodata\0.shstrtab\0');
  const texts = Buffer.from(content);
  const table = 64;
  const namesAt = table + 2 * 64;
  const header = Buffer.alloc(namesAt);
  header.write('\x7fELF\x02\x01', 'latin1');
  header.writeBigUInt64LE(BigInt(table), 0x28);
  header.writeUInt16LE(64, 0x3a);
  header.writeUInt16LE(2, 0x3c);
  header.writeUInt16LE(0, 0x3e);
  const sections = [
    { name: 9, at: namesAt, size: names.length },
    { name: 1, at: namesAt + names.length, size: texts.length },
  ];
  for (const [index, { name, at, size }] of sections.entries()) {
    header.writeUInt32LE(name, table + index * 64);
    header.writeBigUInt64LE(BigInt(at), table + index * 64 + 0x18);
    header.writeBigUInt64LE(BigInt(size), table + index * 64 + 0x20);
  }
  return Buffer.concat([header, names, texts]);
}
