import { updateConfig } from '../../state/config-store.ts';
import { type Context, findTarget, requireConfig } from '../context.ts';

/** Lets a target be chosen, or not. Its login stays either way. @throws HotswapError `unknown-target`. */
export async function switchTarget(
  context: Context,
  name: string,
  enabled: boolean,
): Promise<void> {
  findTarget(requireConfig(context), name);
  await updateConfig(context.paths, (config) => ({
    ...config,
    targets: config.targets.map((target) =>
      target.name === name ? { ...target, enabled } : target,
    ),
  }));
  context.say(enabled ? `${name} is on` : `${name} is off: no new session chooses it`);
}
