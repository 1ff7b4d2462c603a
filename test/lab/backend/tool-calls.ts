import { encryptFor } from './encrypted.ts';
import { makeId } from './ids.ts';
import type { Json, TurnRequest } from './turn-request.ts';

/** A tool the model wants run. */
export type ToolCall =
  /** @property yieldMs when the model goes on though the command still runs; Codex's own 10 s if absent. */
  | { kind: 'shell'; command: string; yieldMs?: number }
  /** The text of `*** Begin Patch … *** End Patch`. */
  | { kind: 'apply_patch'; patch: string }
  /** A new agent, or a message to one (`/root` is the first). Only the service, asked by this account, can read it. */
  | { kind: 'spawn_agent'; to: string }
  | { kind: 'send_message'; to: string };

/**
 * Puts a call in the form this Codex offers: new versions have one `exec` tool that runs JavaScript (0.150 and 0.169),
 * older ones a function tool for the shell and a freeform one for patches.
 */
export function makeToolCall(call: ToolCall, request: TurnRequest): Json {
  const tools = listTools(request);
  if (call.kind === 'spawn_agent' || call.kind === 'send_message') {
    const message = encryptFor(request.account.name);
    const to = call.kind === 'spawn_agent' ? { task_name: call.to } : { target: call.to };
    return { ...functionCall(call.kind, { ...to, message }), namespace: tools.get(call.kind) };
  }
  if (tools.has('exec')) return customCall('exec', makeScript(call));
  if (call.kind === 'apply_patch') {
    if (tools.has('apply_patch')) return customCall('apply_patch', call.patch);
    return shellCall(tools, `apply_patch <<'END_OF_PATCH'\n${call.patch}\nEND_OF_PATCH`);
  }
  return shellCall(tools, call.command);
}

function makeScript(call: Extract<ToolCall, { kind: 'shell' | 'apply_patch' }>): string {
  if (call.kind === 'apply_patch') {
    return `text(await tools.apply_patch(${JSON.stringify(call.patch)}));`;
  }
  const args = { cmd: call.command, ...(call.yieldMs ? { yield_time_ms: call.yieldMs } : {}) };
  return `const result = await tools.exec_command(${JSON.stringify(args)});\ntext(result.output);`;
}

function shellCall(tools: ReadonlyMap<string, string | undefined>, command: string): Json {
  if (tools.has('exec_command')) return functionCall('exec_command', { cmd: command });
  if (tools.has('shell_command')) return functionCall('shell_command', { command });
  return functionCall('shell', { command: ['bash', '-lc', command] });
}

function customCall(name: string, input: string): Json {
  return { type: 'custom_tool_call', id: makeId('ctc'), call_id: makeId('call'), name, input };
}

function functionCall(name: string, args: Json): Json {
  return {
    type: 'function_call',
    id: makeId('fc'),
    call_id: makeId('call'),
    name,
    arguments: JSON.stringify(args),
  };
}

/**
 * The names of all tools offered, each with its namespace if it is in one: in `tools`, or (new versions) as an item of the
 * conversation.
 */
function listTools(request: TurnRequest): Map<string, string | undefined> {
  const names = new Map<string, string | undefined>();
  const add = (tools: unknown, namespace?: string): void => {
    if (!Array.isArray(tools)) return;
    for (const tool of tools as Json[]) {
      const name = typeof tool.name === 'string' ? tool.name : undefined;
      if (name !== undefined) names.set(name, namespace);
      add(tool.tools, name);
    }
  };
  add(request.body.tools);
  for (const item of request.input) add(item.tools);
  return names;
}
