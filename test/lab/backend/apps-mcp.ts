import { type HttpReply, type HttpRoute, ok } from './http-route.ts';

/** The MCP server of ChatGPT apps that Codex connects to at each start: no tools; without it the TUI warns. */
export function createAppsRoutes(): HttpRoute[] {
  return [
    { route: 'other', pattern: /\/ps\/mcp$/, answer: ({ method, body }) => speak(method, body) },
  ];
}

function speak(method: string, message: Record<string, unknown>): HttpReply {
  if (method !== 'POST') return { status: 405, body: {} };
  const { id } = message;
  if (id === undefined) return { status: 202, body: undefined }; // a notification
  const reply = (result: unknown) => ok({ jsonrpc: '2.0', id, result });
  switch (message.method) {
    case 'initialize': {
      const { protocolVersion } = message.params as { protocolVersion: string };
      const serverInfo = { name: 'lab', version: '1' };
      return reply({ protocolVersion, capabilities: { tools: {} }, serverInfo });
    }
    case 'tools/list':
      return reply({ tools: [] });
    default:
      return reply({});
  }
}
