import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Backend } from './backend/index.ts';
import { codexUnderTest } from './codex-under-test.ts';
import { makeSandbox, type Sandbox, type SandboxOptions } from './sandbox.ts';

/**
 * A sandbox whose `codex login` asks the lab without being told to, as a user's asks the real service: Codex has a flag
 * for the issuer, but no setting.
 */
export async function makeLoginSandbox(
  options: SandboxOptions & { backend: Backend },
): Promise<Sandbox> {
  const box = await makeSandbox({ ...options, codex: false });
  const codex = join(box.realBin, 'codex');
  await writeFile(
    codex,
    `#!/bin/sh
case " $* " in
  *" login status "*) ;;
  *" login "*) exec '${codexUnderTest.launcher}' "$@" --experimental_issuer ${options.backend.origin} ;;
esac
exec '${codexUnderTest.launcher}' "$@"
`,
  );
  await chmod(codex, 0o755);
  return box;
}
