import { expect, test } from 'vitest';
import { parseArgv } from '../../../src/codex/argv.ts';
import { listOverrides, setsSqliteHome } from '../../../src/launch/overrides.ts';

interface Case {
  typed?: string[];
  features?: string[];
  configText?: string;
  hookTrust?: string;
  shellHome?: string;
}

function overrides({ typed = [], features = [], configText = '', ...rest }: Case): string[] {
  const invocation = parseArgv(typed);
  if (invocation.mode === 'passthrough') throw new Error('not supervised');
  const capabilities = { noDaemon: true, features: new Set(features) };
  return listOverrides({ capabilities, invocation, configText, hookTrust: undefined, ...rest });
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
    { typed: ['exec', 'x'], configText: 'cli_auth_credentials_store = "auto"\n' },
    ['-c', 'cli_auth_credentials_store="file"'],
  ],
  [
    'a login in a file',
    { typed: ['exec', 'x'], configText: "cli_auth_credentials_store = 'file'\n" },
    [],
  ],
  [
    'MCP logins encrypted for one home',
    {
      typed: ['exec', 'x'],
      features: ['secret_auth_storage'],
      configText: '[features]\nsecret_auth_storage = true\n',
    },
    ['-c', 'features.secret_auth_storage=false'],
  ],
  [
    'a Codex that has no such store',
    { typed: ['exec', 'x'], configText: 'features.secret_auth_storage = true\n' },
    [],
  ],
  [
    'such a store that nobody has switched on',
    {
      typed: ['exec', 'x'],
      features: ['secret_auth_storage'],
      configText: '# secret_auth_storage = true\n',
    },
    [],
  ],
  [
    'the home of the model’s shell',
    { typed: ['exec', 'x'], shellHome: '/a "b"\u007f' },
    ['-c', 'shell_environment_policy.set.CODEX_HOME="/a \\"b\\"\\u007F"'],
  ],
  ['trusted hooks', { typed: ['exec', 'x'], hookTrust: '{}' }, ['-c', 'hooks.state={}']],
])('%s', (_, facts, words) => {
  expect(overrides(facts)).toEqual(words);
});

test('databases that the user keeps elsewhere stay there', () => {
  expect(setsSqliteHome('sqlite_home = "/x"')).toBe(true);
  expect(setsSqliteHome('# sqlite_home = "/x"')).toBe(false);
});
