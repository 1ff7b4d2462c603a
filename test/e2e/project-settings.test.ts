import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, startBackend } from '../lab/backend/index.ts';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { itSince } from '../lab/playable.ts';
import { argsOf, makeProject, PROJECT_CASES, type ProjectCase } from '../lab/project-cases.ts';
import { makeSandbox } from '../lab/sandbox.ts';

// Which settings of a project make the real Codex log its account out: the table that login-constraints.ts is held to. Plain Codex, on
// a home of its own, and nothing of ours.

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend({ accounts: [{ name: 'acc1' }] });
});
afterAll(() => backend.close());

/** Whether the login is gone after one `codex exec`. */
async function logsOut(scene: ProjectCase): Promise<boolean> {
  const box = await makeSandbox({ backend, login: 'acc1' });
  try {
    const trust = makeProject(scene, box.home, 'workspace-acc1');
    const file = join(box.codexHome, 'config.toml');
    const user = (scene.user ?? '').replaceAll('w-own', 'workspace-acc1');
    writeFileSync(file, `${user}${readFileSync(file, 'utf8')}${trust}`);
    const run = await box.run(
      codexUnderTest.native,
      // Before the case's own words, and not from a file: some cases have the user's file ignored.
      [
        'exec',
        '--skip-git-repo-check',
        ...['-c', `chatgpt_base_url="${backend.origin}/backend-api"`],
        ...['-c', `openai_base_url="${backend.origin}/backend-api/codex"`],
        ...argsOf(scene, box.home),
        'hello',
      ],
      { cwd: join(box.home, scene.cwd) },
    );
    const isGone = !existsSync(join(box.codexHome, 'auth.json'));
    expect(/Logging out/.test(`${run.stdout}${run.stderr}`)).toBe(isGone);
    return isGone;
  } finally {
    await box.dispose();
  }
}

describe('the real Codex logs its account out where we say so', () => {
  for (const scene of PROJECT_CASES) {
    const play = scene.since === undefined ? it : itSince(scene.since, scene.name);
    play(scene.name, async () => {
      expect(await logsOut(scene)).toBe(scene.logsOut);
    });
  }
});
