import { expect, test } from 'vitest';
import { parseArgv } from '../../../src/codex/argv.ts';
import { listOverrides } from '../../../src/launch/overrides.ts';

interface Case {
  typed?: string[];
  features?: string[];
  configText?: string;
  store?: string;
  hookTrust?: string;
  shellHome?: string;
}

function overrides({ typed = [], features = [], configText = '', store, ...rest }: Case): string[] {
  const invocation = parseArgv(typed);
  if (invocation.mode === 'passthrough') throw new Error('not supervised');
  const capabilities = {
    noDaemon: true,
    features: Object.fromEntries(features.map((name) => [name, true])),
  };
  const facts = { capabilities, invocation, configText, store, hookTrust: undefined, ...rest };
  return listOverrides(facts);
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
    { typed: ['exec', 'x'], features: ['any'], shellHome: '/a "b"\u007f' },
    ['-c', 'shell_environment_policy.set.CODEX_HOME="/a \\"b\\"\\u007F"'],
  ],
  ['… not for a script that tells no feature', { typed: ['exec', 'x'], shellHome: '/h' }, []],
  ['trusted hooks', { typed: ['exec', 'x'], hookTrust: '{}' }, ['-c', 'hooks.state={}']],
])('%s', (_, facts, words) => {
  expect(overrides(facts)).toEqual(words);
});
