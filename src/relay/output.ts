import type { RelayHost } from './conversation.ts';

/** Lines that come in one chunk leave in one write, in order. No line of ours gets into a long line that passes in pieces. */
export function createOutput({ toClient }: Pick<RelayHost, 'toClient'>) {
  let pending: Buffer[] = [];
  let later: Buffer[] | undefined;
  return {
    add: (bytes: Buffer) => void (later ?? pending).push(bytes),
    addPiece(bytes: Buffer, isTail: boolean): void {
      pending.push(bytes, ...(isTail ? (later ?? []) : []));
      later = isTail ? undefined : (later ?? []);
    },
    flush(): void {
      if (pending.length === 0) return;
      const bytes = pending.length === 1 ? (pending[0] as Buffer) : Buffer.concat(pending);
      pending = [];
      toClient(bytes);
    },
  };
}
