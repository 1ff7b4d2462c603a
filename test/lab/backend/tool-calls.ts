import { makeId } from './ids.ts';
import type { Json, TurnRequest } from './turn-request.ts';

/** A tool the model wants run. */
export type ToolCall =
  | { kind: 'shell'; command: string }
  /** The text of `*** Begin Patch … *** End Patch`. */
  | { kind: 'apply_patch'; patch: string };

/**
 * Puts a call in the form this Codex offers: new versions have one `exec` tool that runs JavaScript (0.150 and 0.169),
 * older ones a function tool for the shell and a freeform one for patches.
 */
export function makeToolCall(call: ToolCall, request: TurnRequest): Json {
  const tools = listTools(request);
  if (tools.has('exec')) return customCall('exec', makeScript(call));
  if (call.kind === 'apply_patch') {
    if (tools.has('apply_patch')) return customCall('apply_patch', call.patch);
    return shellCall(tools, `apply_patch <<'END_OF_PATCH'\n${call.patch}\nEND_OF_PATCH`);
  }
  return shellCall(tools, call.command);
}

function makeScript(call: ToolCall): string {
  if (call.kind === 'apply_patch') {
    return `text(await tools.apply_patch(${JSON.stringify(call.patch)}));`;
  }
  return `const result = await tools.exec_command({ cmd: ${JSON.stringify(call.command)} });\ntext(result.output);`;
}

function shellCall(tools: Set<string>, command: string): Json {
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

/** Names of all tools offered: in `tools`, or (new versions) as an item of the conversation, in namespaces. */
function listTools(request: TurnRequest): Set<string> {
  const names = new Set<string>();
  const add = (tools: unknown): void => {
    if (!Array.isArray(tools)) return;
    for (const tool of tools as Json[]) {
      if (typeof tool.name === 'string') names.add(tool.name);
      add(tool.tools);
    }
  };
  add(request.body.tools);
  for (const item of request.input) add(item.tools);
  return names;
}
