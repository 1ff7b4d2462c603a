import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAnonymiser } from '../../../../src/cli/doctor/anonymise.ts';

const OWN = new Set(
  'the login of is gone codex config.json codex-hotswap slot in from at usr bin'.split(' '),
);

function create() {
  const anonymiser = createAnonymiser(OWN);
  anonymiser.replace('/home/ann', '~');
  anonymiser.replace('/home/ann/.codex', '~/.codex');
  anonymiser.name('account', 'work');
  anonymiser.name('account', 'work-2');
  anonymiser.replace('ann@example.com', 'account-1');
  return anonymiser;
}

test.each([
  ['the login of work is gone', 'the login of account-1 is gone'],
  ['Work, work-2: ANN@example.com', 'account-1, account-2: account-1'],
  ['targets.work.enabled', '<word-1>.account-1.<word-2>'],
  ['workshop', '<word-1>'],
  ['/home/ann/.codex/config.json', '~/.codex/config.json'],
  ['/home/ann is gone', '~ is gone'],
  ['/home/annabel/config.json', '<dir-1>/config.json'],
  ['~/a/b/c.txt ~/a/b/config.json /home/ann/x', '<dir-1>/<word-1> <dir-1>/config.json ~/<word-2>'],
  ['/usr/bin/codex /srv/codex', '/usr/bin/codex <dir-1>/codex'],
  ['slot-12 at 2026-11-20T10:00:00.000Z', 'slot-12 at 2026-11-20T10:00:00.000Z'],
  ['codex 0.171.0 v1.2 5h 40% 0.1.0-alpha.3', 'codex 0.171.0 v1.2 5h 40% 0.1.0-alpha.3'],
  ['10.1.2.3 4915112345678', '<word-1> <word-2>'],
  ['bob@x.org bob@x.org', 'person-1 person-1'],
  ['\u{f0000} `x`\n日', "? '<word-1>'\\<word-2>"],
])('%j', (line, expected) => {
  expect(create().hide(line)).toBe(expected);
});

test('no piece of a text that is not ours is left, however it is joined', () => {
  const secret = fc.stringMatching(/^q[a-z0-9]{3,12}$/);
  const joint = fc.constantFrom(
    ' ',
    '/',
    '.',
    '-',
    '_',
    '@',
    ':',
    '=',
    '"',
    '(',
    '\n',
    '~/',
    '…',
    'the ',
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(secret, joint), { minLength: 1, maxLength: 9 }), (parts) => {
      const anonymiser = create();
      const line = parts.flat().join('');
      const shown = anonymiser.hide(`codex ${line}`) + anonymiser.hide(`${line} is gone`);
      for (const [word] of parts) expect(shown).not.toContain(word);
      for (const [word] of parts) expect(shown).not.toContain(word.slice(0, 4));
    }),
    { numRuns: 1000 },
  );
});

test('the same line is hidden the same way again', () => {
  const anonymiser = create();
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (line) => {
      const shown = anonymiser.hide(line);
      expect(anonymiser.hide(line)).toBe(shown);
      expect(shown).toMatch(/^[ -~…’“”–]{0,400}$/);
    }),
  );
});
