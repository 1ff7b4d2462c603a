import { dirname } from 'node:path';
import { type Config, EMPTY_CONFIG, readConfig, validateConfig } from './config.ts';
import { cannotWrite, ensurePrivateDir } from './files.ts';
import type { Paths } from './paths.ts';
import { changeConfig } from './records.ts';

/**
 * Reads, changes and writes the configuration (0600, atomic). A missing file counts as an empty configuration. No other process
 * writes in between. Unknown keys stay. For commands only, because `conf` is too slow for the hot path.
 * @returns the configuration that was written.
 * @throws HotswapError `bad-config` when the file or the changed configuration is malformed; `in-use` while another process
 * changes it for too long.
 */
export async function updateConfig(
  paths: Paths,
  change: (config: Config) => Config,
): Promise<Config> {
  const { default: Conf } = await import('conf');
  return changeConfig(paths, () => {
    // Throws on a broken file. It is never overwritten, because the user must repair it.
    const changed = change(readConfig(paths) ?? EMPTY_CONFIG);
    const directory = dirname(paths.configFile);
    ensurePrivateDir(directory);
    const store = new Conf<Record<string, unknown>>({
      cwd: directory,
      configName: 'config',
      clearInvalidConfig: false,
      configFileMode: 0o600,
      accessPropertiesByDotNotation: false,
    });
    try {
      store.set({ ...validateConfig(changed, paths) });
    } catch (error) {
      throw cannotWrite(paths.configFile, error);
    }
    return changed;
  });
}
