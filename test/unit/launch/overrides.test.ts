import { expect, test } from 'vitest';
import { parseArgv } from '../../../src/codex/argv.ts';
import { listOverrides } from '../../../src/launch/overrides.ts';

interface Case {
  typed?: string[];
  features?: string[];
  store?: string;
  hookTrust?: string;
}

function overrides({ typed = [], features = [], store, hookTrust }: Case): string[] {
  const invocation = parseArgv(typed);
  if (invocation.mode === 'passthrough') throw new Error('not supervised');
  const capabilities = { noDaemon: true, features: new Set(features) };
  return listOverrides({ capabilities, invocation, store, hookTrust });
}

test.each<[string, Case, string[]]>([
  ['no daemon', {}, ['--no-daemon']],
  ['said by the user already', { typed: ['--no-daemon'] }, []],
  ['exec has none', { typed: ['exec', 'hello'] }, []],
  [
    'a check of the account',
    { typed: ['exec', 'x'], features: ['cli_resume_account_check'] },
    ['-c', 'features.cli_resume_account_check=false'],
  ],
  [
    'a login in the keyring',
    { typed: ['exec', 'x'], store: 'auto' },
    ['-c', 'cli_auth_credentials_store="file"'],
  ],
  ['a login in a file', { typed: ['exec', 'x'] }, []],
  ['trusted hooks', { typed: ['exec', 'x'], hookTrust: '{}' }, ['-c', 'hooks.state={}']],
])('%s', (_, facts, words) => {
  expect(overrides(facts)).toEqual(words);
});
