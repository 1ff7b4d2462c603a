import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  hasFlag,
  type Invocation,
  listFlagValues,
  parseArgv,
  readPromptAndSession,
} from '../../../src/codex/argv.ts';
import { COMMANDS } from '../../../src/codex/grammar.ts';
import { buildExecResumeArgv, buildResumeArgv, pinThread } from '../../../src/codex/resume-argv.ts';

const ID = '0190a000-0000-7000-8000-000000000001';

function parse(line: string): Invocation {
  return parseArgv(line === '' ? [] : line.split(' '));
}

describe('parseArgv', () => {
  test.each([
    ['', 'codex', []],
    ['hello', 'codex', ['hello']],
    ['-- resume', 'codex', ['resume']],
    ['-- -h', 'codex', ['-h']],
    ['-', 'codex', ['-']],
    ['resum', 'codex', ['resum']],
    ['-m gpt hello', 'codex', ['hello']],
    ['-mgpt hello', 'codex', ['hello']],
    ['-m=gpt hello', 'codex', ['hello']],
    ['-Cmfoo hello', 'codex', ['hello']],
    ['-i a b hello', 'codex', []],
    ['-i a b -- hello', 'codex', ['hello']],
    ['-i a -m x hello', 'codex', ['hello']],
    ['--image=a hello', 'codex', ['hello']],
    ['-ia hello', 'codex', ['hello']],
    ['-i a resume', 'codex', []],
    ['-ia resume', 'resume', []],
    ['foo resume', 'resume', []],
    ['-m gpt resume X', 'resume', ['X']],
    ['resume --last X', 'resume', ['X']],
    ['resume X continue', 'resume', ['X', 'continue']],
    ['resume help', 'resume', ['help']],
    ['resume exec', 'resume', ['exec']],
    ['fork X prompt', 'fork', ['X', 'prompt']],
    ['--yolo --search hi', 'codex', ['hi']],
  ])('interactive: codex %s', (line, command, positionals) => {
    expect(parse(line)).toMatchObject({
      mode: 'interactive',
      command,
      positionals,
      ambiguous: false,
    });
  });

  test.each([
    ['exec hi', 'exec', ['hi']],
    ['e hi', 'exec', ['hi']],
    ['-C dir exec --json hi', 'exec', ['hi']],
    ['-a never exec', 'exec', []],
    ['exec -', 'exec', ['-']],
    ['exec -i a resume', 'exec', []],
    ['exec foo resume', 'exec resume', []],
    ['exec -s read-only resume X go', 'exec resume', ['X', 'go']],
    ['exec resume -i a X go', 'exec resume', ['X', 'go']],
    ['exec fork X go', 'exec fork', ['X', 'go']],
    ['exec review --base main', 'exec review', []],
    ['review --uncommitted', 'review', []],
    ['exec --experimental-json hi', 'exec', ['hi']],
  ])('exec: codex %s', (line, command, positionals) => {
    expect(parse(line)).toMatchObject({ mode: 'exec', command, positionals, ambiguous: false });
  });

  test.each([
    ...['app-server', '-c a=b app-server -c c=d', 'app-server --enable x --disable y'],
    ...['app-server --stdio', 'app-server --listen stdio://', 'app-server --listen=stdio://'],
    ...['app-server --analytics-default-enabled', '--yolo -m gpt app-server --strict-config'],
    ...['app-server --startup-client-info {} --code-mode-host x --cloud-skills-snapshot p'],
  ])('app-server on stdio: codex %s', (line) => {
    expect(parse(line)).toMatchObject({ mode: 'app-server', positionals: [], ambiguous: false });
  });

  test.each([
    ...['app-server --listen unix://', 'app-server --listen=unix:///s', 'app-server --listen off'],
    ...['app-server --listen ws://127.0.0.1:1 --ws-auth capability-token'],
    ...['app-server --stdio --listen off', 'app-server --listen stdio:// --ws-auth x'],
    ...['app-server daemon start', 'app-server proxy', 'app-server generate-ts --out d'],
    ...['app-server generate-json-schema', 'app-server help', '-c a=b app-server proxy'],
    ...['app-server future', 'app-server exec', 'app-server resume', 'app-server --future'],
    ...['app-server --startup-sign-out', 'app-server --print-startup-config'],
    ...['app-server --remote-control', '--future app-server', '--future x app-server'],
    ...['mcp-server', 'remote-control', 'app-server -c a=b proxy'],
  ])('an app-server that is left to Codex: codex %s', (line) => {
    expect(parse(line)).toMatchObject({ mode: 'passthrough', reason: 'utility' });
  });

  test.each([
    ['--help', 'help', undefined],
    ['app-server --help', 'help', undefined],
    ['app-server --listen', 'malformed', undefined],
    ['app-server -- proxy', 'malformed', 'app-server'],
    ['--remote ws://x app-server', 'remote', 'app-server'],
    ['-h', 'help', undefined],
    ['help', 'help', 'help'],
    ['help resume', 'help', 'help'],
    ['resume -h', 'help', undefined],
    ['exec resume X --help', 'help', undefined],
    ['exec help', 'help', 'help'],
    ['-V', 'version', undefined],
    ['exec --version', 'version', undefined],
    ['login', 'login', 'login'],
    ['-c a=b login status', 'login', 'login'],
    ['logout', 'logout', 'logout'],
    ['mcp list', 'utility', 'mcp'],
    ['a', 'utility', 'apply'],
    ['cloud-tasks', 'utility', 'cloud'],
    ['agents', 'utility', 'agents'],
    ['mcp-server', 'utility', 'mcp-server'],
    ['sandbox -- ls --help', 'utility', 'sandbox'],
    ['--remote ws://x', 'remote', 'codex'],
    ['resume --remote=ws://x', 'remote', 'resume'],
    ['exec --remote unix:// hello', 'remote', 'exec'],
    ['exec resume --last --remote unix://', 'remote', 'exec resume'],
    ['-m', 'malformed', undefined],
    ['-m --search', 'malformed', undefined],
    ['foo bar', 'malformed', 'codex'],
    ['resume a b c', 'malformed', 'resume'],
    ['-- foo bar', 'malformed', 'codex'],
  ])('passthrough: codex %s', (line, reason, command) => {
    const invocation = parse(line);
    expect(invocation).toMatchObject({ mode: 'passthrough', reason });
    expect((invocation as { command?: string }).command).toBe(command);
  });

  test('the words after a utility command are kept', () => {
    expect(parse('-c a=b login status')).toMatchObject({ rest: ['status'] });
  });

  test('options of a future Codex do not crash, and what they leave open is said', () => {
    expect(parse('--future=x hi')).toMatchObject({ ambiguous: false, positionals: ['hi'] });
    expect(parse('--future --search')).toMatchObject({ ambiguous: false, positionals: [] });
    expect(parse('--future maybe hi')).toMatchObject({
      mode: 'interactive',
      ambiguous: true,
      positionals: ['maybe', 'hi'],
    });
  });

  test('never throws, and every word of a supervised command is accounted for', () => {
    const word = fc.oneof(
      fc.constantFrom(
        '-m',
        '--model',
        '-i',
        '--image=a',
        '-c',
        '--',
        '-',
        '--yolo',
        '--unknown',
        '-Cx',
      ),
      fc.constantFrom(...COMMANDS.keys()),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (args) => {
        const invocation = parseArgv(args);
        if (invocation.mode === 'passthrough') return;
        const kept = invocation.flags.flatMap(({ argv }) => argv);
        const counts = kept.length + invocation.positionals.length;
        expect(counts).toBeLessThanOrEqual(args.length);
        for (const flag of invocation.flags)
          expect(args.join('\0')).toContain(flag.argv.join('\0'));
      }),
    );
  });
});

describe('what the words mean', () => {
  test.each([
    ['hello', { prompt: 'hello' }],
    ['resume X go', { session: 'X', prompt: 'go' }],
    ['resume X', { session: 'X' }],
    ['resume --last go', { prompt: 'go' }],
    ['fork X go', { session: 'X', prompt: 'go' }],
    ['exec go', { prompt: 'go' }],
    ['exec resume X go', { session: 'X', prompt: 'go' }],
    ['exec resume --last go', { prompt: 'go' }],
    ['exec review go', { prompt: 'go' }],
    ['login', {}],
  ])('codex %s', (line, expected) => {
    expect(readPromptAndSession(parse(line))).toEqual(expected);
  });

  test('flags and overrides', () => {
    const invocation = parse('-c model=a -c model="b" --yolo --add-dir x --add-dir=y');
    expect(hasFlag(invocation, 'dangerously-bypass-approvals-and-sandbox')).toBe(true);
    expect(listFlagValues(invocation, 'add-dir')).toEqual(['x', 'y']);
  });
});

describe('buildResumeArgv', () => {
  const options = { cwd: '/repo', prompt: 'continue' };

  test.each([
    ['', 'resume -C /repo -- ID continue'],
    ['do-it', 'resume -C /repo -- ID continue'],
    [
      '-m gpt -s read-only -a never do-it',
      '-m gpt -s read-only -a never resume -C /repo -- ID continue',
    ],
    ['-i a b -C old --worktree -c x=y', '-c x=y resume -C /repo -- ID continue'],
    ['resume --last --all -mgpt go', 'resume -mgpt -C /repo -- ID continue'],
    ['-m a resume -m b X', '-m a resume -m b -C /repo -- ID continue'],
    ['fork X --add-dir d --search', 'resume --add-dir d --search -C /repo -- ID continue'],
    ['--future=1 --other', '--future=1 --other resume -C /repo -- ID continue'],
    ['--future maybe', 'resume -C /repo -- ID continue'],
  ])('codex %s → codex %s', (line, expected) => {
    const invocation = parse(line);
    if (invocation.mode !== 'interactive') throw new Error(invocation.mode);
    expect(buildResumeArgv(invocation, ID, options).join(' ')).toBe(expected.replace('ID', ID));
  });

  test('an idle composer', () => {
    const invocation = parse('');
    if (invocation.mode !== 'interactive') throw new Error(invocation.mode);
    expect(buildResumeArgv(invocation, ID, { cwd: '/repo', prompt: '' })).toEqual([
      ...['resume', '-C', '/repo', '--', ID],
    ]);
    expect(buildResumeArgv(invocation, ID, {})).toEqual(['resume', '--', ID]);
  });

  test('a model chosen in the session is not undone by the model of the command line', () => {
    const last = { ...options, model: 'new', effort: 'high' };
    const resumed = (line: string) => {
      const invocation = parse(line);
      if (invocation.mode !== 'interactive') throw new Error(invocation.mode);
      return buildResumeArgv(invocation, ID, last).join(' ').replace(ID, 'ID');
    };
    const model = '-m new -c model_reasoning_effort="high"';
    expect(
      buildResumeArgv(
        {
          mode: 'interactive',
          command: 'codex',
          args: [],
          flags: [],
          positionals: [],
          ambiguous: false,
        },
        ID,
        { model: 'new', effort: 'x" y', onReserve: true },
      ),
    ).toContain('model_reasoning_effort="x\\" y"');
    expect(resumed('-m old')).toBe(`resume ${model} -C /repo -- ID continue`);
    expect(resumed('-p work')).toBe(`-p work resume ${model} -C /repo -- ID continue`);
    expect(resumed('-c model=old -c x=y')).toBe(`-c x=y resume ${model} -C /repo -- ID continue`);
    expect(resumed('-c x=y')).toBe('-c x=y resume -C /repo -- ID continue');
  });

  test('what it makes is read back as the same flags on the same thread', () => {
    const flag = fc.constantFrom(
      '--search',
      '--add-dir=d',
      '-c a=b',
      '-s read-only',
      '--yolo',
      '-mx',
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(flag),
        fc.constantFrom('', 'resume', 'fork'),
        fc.uniqueArray(flag),
        fc.string(),
        (before, command, after, prompt) => {
          const first = parse(
            [...before, command, ...after].filter((word) => word !== '').join(' '),
          );
          if (first.mode !== 'interactive') throw new Error(first.mode);
          const again = parseArgv(buildResumeArgv(first, ID, { cwd: '/repo', prompt }));
          if (again.mode !== 'interactive') throw new Error(again.mode);
          expect(again.command).toBe('resume');
          expect(readPromptAndSession(again)).toEqual({
            session: ID,
            ...(prompt === '' ? {} : { prompt }),
          });
          const names = (invocation: typeof again) =>
            invocation.flags.map(({ name, values }) => [name, ...values].join(' ')).toSorted();
          expect(names(again)).toEqual([...names(first), 'cd /repo'].toSorted());
        },
      ),
    );
  });
});

describe('buildExecResumeArgv', () => {
  const options = { cwd: '/repo', prompt: 'continue' };

  test.each([
    ['exec go', 'exec -C /repo resume -- ID continue'],
    [
      '-a never exec -s read-only --json -i a -- go',
      '-a never exec -s read-only --json -C /repo resume -- ID continue',
    ],
    ['exec --json resume -m x X go', 'exec --json -C /repo resume -m x -- ID continue'],
    ['exec fork -o out X go', 'exec -C /repo resume -o out -- ID continue'],
  ])('codex %s → codex %s', (line, expected) => {
    const invocation = parse(line);
    if (invocation.mode !== 'exec') throw new Error(invocation.mode);
    expect(buildExecResumeArgv(invocation, ID, options)?.join(' ')).toBe(
      expected.replace('ID', ID),
    );
  });

  test.each(['review', 'exec review', 'exec --ephemeral go'])(
    'codex %s: nothing to resume',
    (line) => {
      const invocation = parse(line);
      if (invocation.mode !== 'exec') throw new Error(invocation.mode);
      expect(buildExecResumeArgv(invocation, ID, options)).toBeUndefined();
    },
  );
});

describe('pinThread', () => {
  test.each([
    ['resume --last', 'resume -- ID'],
    ['-m gpt resume --last --all go-on -i a b', '-m gpt resume -i a b -- ID go-on'],
    ['resume --last --include-non-interactive -C x', 'resume -C x -- ID'],
    ['fork --last -s read-only', 'fork -s read-only -- ID'],
    ['e -o out resume --last --json -', 'exec -o out resume --json -- ID -'],
  ])('%j', (line, expected) => {
    const invocation = parse(line);
    if (invocation.mode === 'passthrough') throw new Error(invocation.mode);
    const pinned = pinThread(invocation, ID);
    expect(pinned.args.join(' ')).toBe(expected.replace('ID', ID));
    // Codex reads the same out of it, with the id as the session.
    const again = parseArgv(pinned.args);
    expect(pinned).toEqual(again);
    const [session, ...prompt] = [ID, ...invocation.positionals];
    expect(readPromptAndSession(again)).toEqual({
      session,
      ...(prompt[0] && { prompt: prompt[0] }),
    });
  });
});
