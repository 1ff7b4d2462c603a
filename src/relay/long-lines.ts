import { type Conversation, keepWaiting } from './conversation.ts';
import { noteLongRequest } from './note-request.ts';
import type { LinePiece } from './split-lines.ts';

/**
 * The client's lines that are too long to be kept. All pieces of a line go to one server: a server that ends has the beginning,
 * and its successor must not get the rest.
 */
export function createLongLines(conversation: Conversation) {
  /** The number of the server that has the beginning. Undefined: the line waits. */
  let holder: number | undefined;

  return {
    take(bytes: Buffer, part: Exclude<LinePiece['part'], 'whole'>): void {
      const { phase, server, host } = conversation;
      const isOpen = phase === 'open';
      if (part === 'head') {
        holder = isOpen ? server : undefined;
        if (isOpen) noteLongRequest(conversation, bytes);
      } else if (isOpen) {
        // What has waited went to the server when it was opened.
        holder ??= server;
      }
      if (holder === undefined) keepWaiting(conversation, bytes);
      else if (isOpen && holder === server) host.toServer(bytes);
    },
  };
}
