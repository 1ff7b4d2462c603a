import { describe, expect, test } from 'vitest';
import { readLoginSettings, type SettingSources } from '../../../src/codex/settings.ts';

const read = (sources: Partial<SettingSources>) =>
  readLoginSettings({ text: '', overrides: [], oss: false, ...sources });

const LAB = '[model_providers.lab]\nbase_url = "http://127.0.0.1:1/v1"\n';

describe('settings that matter for logins', () => {
  test.each<[string, Partial<SettingSources>, object]>([
    ['nothing', {}, {}],
    ['other settings', { text: `model = "gpt"\n${LAB}`, overrides: ['model="x"'] }, {}],
    [
      'markers of a root that are no texts',
      {
        text: 'model_provider = "openai"\nproject_root_markers = [{ toString = 1, valueOf = 1 }, 7]',
        project: { directory: '/', asksForTrust: true },
      },
      {},
    ],
    ['a broken file', { text: 'model_provider = ' }, {}],
    ['openai by name', { text: 'model_provider = "openai"' }, {}],
    ['a provider', { text: `model_provider = "lab"\n${LAB}` }, { foreignProvider: 'lab' }],
    [
      'a provider that takes ChatGPT logins',
      { text: `model_provider = "lab"\n${LAB}requires_openai_auth = true\n` },
      {},
    ],
    ...['env_key', 'experimental_bearer_token'].map(
      (key): [string, Partial<SettingSources>, object] => [
        `one that has a key of its own all the same: ${key}`,
        { text: `model_provider = "lab"\n${LAB}requires_openai_auth = true\n${key} = "K"\n` },
        { foreignProvider: 'lab' },
      ],
    ),
    ['a provider by -c', { overrides: ['model_provider="lab"'] }, { foreignProvider: 'lab' }],
    ['a bare word by -c', { overrides: ['model_provider=lab'] }, { foreignProvider: 'lab' }],
    [
      'back to openai by a later -c',
      {
        text: 'model_provider = "lab"',
        overrides: ['model_provider=lab', 'model_provider=openai'],
      },
      {},
    ],
    [
      'a login for it by -c',
      { overrides: ['model_provider=lab', 'model_providers.lab.requires_openai_auth=true'] },
      {},
    ],
    ['--oss', { oss: true }, { foreignProvider: 'oss' }],
    [
      'a profile of its own',
      { profile: { name: 'work', text: 'model_provider = "lab"' } },
      { foreignProvider: 'lab' },
    ],
    [
      'a profile in config.toml',
      { text: '[profiles.work]\nmodel_provider = "lab"', profile: { name: 'work', text: '' } },
      { foreignProvider: 'lab' },
    ],
    [
      'the default profile',
      { text: 'profile = "work"\n[profiles.work]\nmodel_provider = "lab"' },
      { foreignProvider: 'lab' },
    ],
    ['a profile that is not asked for', { text: '[profiles.w]\nmodel_provider = "lab"' }, {}],
    ['a workspace', { text: 'forced_chatgpt_workspace_id = "w"' }, { forcedWorkspaces: ['w'] }],
    [
      'workspaces',
      { text: 'forced_chatgpt_workspace_id = ["w", "v"]' },
      { forcedWorkspaces: ['w', 'v'] },
    ],
    ['a way to log in', { text: 'forced_login_method = "api"' }, { forcedMethod: 'api' }],
    ['a store', { text: 'cli_auth_credentials_store = "keyring"' }, { store: 'keyring' }],
    ['the file store', { text: 'cli_auth_credentials_store = "file"' }, {}],
    [
      'what stands beside a number that JavaScript cannot hold',
      { text: 'model_auto_compact_token_limit = 9223372036854775807\nmodel_provider = "lab"' },
      { foreignProvider: 'lab' },
    ],
    ['a comment', { text: '# model_provider = "lab"' }, {}],
  ])('%s', async (_, sources, expected) => {
    expect(await read(sources)).toEqual(expected);
  });
});
