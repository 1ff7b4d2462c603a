import { expect, test } from 'vitest';
import { decidesShellHome } from '../../../src/codex/shell-policy.ts';

const policy = (lines: string) => `[shell_environment_policy]\n${lines}\n`;

test.each<[string, string[], string[], boolean]>([
  ['nothing is set', ['', 'model = "x"'], [], false],
  ['another variable is set', [policy('set = { FOO = "1" }')], [], false],
  ['… in a table of its own', ['[shell_environment_policy.set]\nFOO = "1"'], [], false],
  ['all is inherited', [policy('inherit = "all"')], [], false],
  ['others are kept out', [policy('exclude = ["AWS_*", "*_TOKEN"]')], [], false],
  ['only some are let in', [policy('include_only = ["PATH"]')], [], false],
  ['the home is set', [policy('set = { CODEX_HOME = "/x" }')], [], true],
  ['… by the second file', ['', '[shell_environment_policy.set]\nCODEX_HOME = "/x"'], [], true],
  ['… by a profile', ['[profiles.work.shell_environment_policy.set]\nCODEX_HOME = "/x"'], [], true],
  ['nothing is inherited', [policy('inherit = "none"')], [], true],
  ['the core is inherited', [policy('inherit = "core"')], [], true],
  ['it is kept out', [policy('exclude = ["codex_*"]')], [], true],
  ['it is kept out by a question mark', [policy('exclude = ["CODEX?HOME"]')], [], true],
  ['it may be kept out', [policy('exclude = ["[A-D]*"]')], [], true],
  ['a file is broken', [`${policy('set = {')}`], [], true],
  ['-c says something about it', [''], ['shell_environment_policy.inherit="all"'], true],
  ['-c says something else', [''], ['model="x"'], false],
])('%s', async (_, texts, overrides, decided) => {
  expect(await decidesShellHome({ texts, overrides })).toBe(decided);
});
