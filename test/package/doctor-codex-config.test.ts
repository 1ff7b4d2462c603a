import { expect, it } from 'vitest';
import { checkCodexConfig, readConfigFiles } from '../../src/cli/doctor/codex-config.ts';
import { createHome } from './sandbox.ts';

const WORKSPACE = 'forced_chatgpt_workspace_id = "w"';
const CASES: [string, Record<string, string>, RegExp][] = [
  [
    'of the administrator',
    { 'etc/config.toml': WORKSPACE },
    /etc\/config\.toml sets forced_chatgpt/,
  ],
  [
    'above the user’s own',
    {
      'etc/managed_config.toml': 'model_provider = "b"',
      '.codex/config.toml': 'model_provider = "a"',
    },
    /etc\/managed_config\.toml works with the provider "b"/,
  ],
  [
    'below the user’s own',
    { 'etc/config.toml': 'model_provider = "b"', '.codex/config.toml': 'model_provider = "a"' },
    /\.codex\/config\.toml works with the provider "a"/,
  ],
  [
    'or in a profile',
    { '.codex/config.toml': 'profile = "p"\n[profiles.p]\nmodel_provider = "a"' },
    /\.codex\/config\.toml works with the provider "a"/,
  ],
  [
    'that encrypts MCP logins for one home',
    { '.codex/config.toml': '[features]\nsecret_auth_storage = true' },
    /\.codex\/config\.toml switches on secret_auth_storage/,
  ],
  [
    'that is broken',
    { 'etc/managed_config.toml': 'a =' },
    /etc\/managed_config\.toml is not valid TOML/,
  ],
];

it('a provider that takes the accounts’ logins is none of another kind', async () => {
  const home = createHome();
  home.write(
    '.codex/config.toml',
    'model_provider = "proxy"\n[model_providers.proxy]\nrequires_openai_auth = true',
  );
  const read = await readConfigFiles(home.path('.codex'), home.path('etc'));
  expect(checkCodexConfig(read).map(({ severity }) => severity)).toEqual(['ok']);
});

it.each(CASES)('a setting %s is told with its file', async (_, files, told) => {
  const home = createHome();
  for (const [file, text] of Object.entries(files)) home.write(file, text);
  const read = await readConfigFiles(home.path('.codex'), home.path('etc'));
  const texts = checkCodexConfig(read)
    .filter(({ severity }) => severity !== 'ok')
    .map(({ text }) => text);
  expect(texts).toEqual([expect.stringMatching(told)]);
});
