import { findRealCodex } from '../codex/find.ts';
import { endLike, runInherited } from './run-inherited.ts';

/** Stub: runs the real codex plainly, until the session is in place. */
export async function launchCodex(request: {
  real: string | undefined;
  args: string[];
  env: NodeJS.ProcessEnv;
  cwd: string;
}): Promise<void> {
  const { args, env, cwd } = request;
  const found = findRealCodex(env);
  const file = request.real ?? (found.kind === 'found' ? found.path : 'codex');
  endLike(await runInherited({ file, args, cwd, env }));
}
