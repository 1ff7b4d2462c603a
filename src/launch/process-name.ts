/**
 * tmux, terminals and `ps` name a window after its process: `codex`, as that of the native Codex, and not `node`. The name
 * replaces our command line in `ps`; that of Codex below us has the user's words. On Linux it takes 7 µs. On macOS libuv loads
 * frameworks for it, so Codex is started first (pty fact 27).
 */
export function takeCodexName(platform: NodeJS.Platform = process.platform): void {
  const take = () => {
    process.title = 'codex';
  };
  if (platform === 'linux') take();
  else setTimeout(take, SETTLED_MS).unref();
}

/** After this time Codex has drawn its first frame. */
const SETTLED_MS = 1000;
