/** Reports changes to files. It loads chokidar at the first file, and so after the first frame. */
export interface RolloutWatcher {
  watch(files: readonly string[]): void;
  close(): void;
}

/** @param changed called at each change of any of the files. A file that cannot be watched is left out. */
export function createRolloutWatcher(changed: () => void): RolloutWatcher {
  const watched = new Set<string>();
  let closed = false;
  let watcher: Promise<import('chokidar').FSWatcher> | undefined;

  async function open() {
    const { watch } = await import('chokidar');
    return watch([], { ignoreInitial: true }).on('change', changed);
  }

  return {
    watch(files) {
      const fresh = files.filter((file) => !watched.has(file));
      if (fresh.length === 0 || closed) return;
      for (const file of fresh) watched.add(file);
      watcher ??= open();
      void watcher.then((live) => closed || live.add(fresh)).catch(() => undefined);
    },
    close() {
      closed = true;
      void watcher?.then((live) => live.close()).catch(() => undefined);
    },
  };
}
