import { describe, expect, test } from 'vitest';
import { afterLostServer, keyOfSetting, keysEndedBy, NOTED } from '../../../src/relay/methods.ts';
import { NOTES } from '../../../src/relay/notifications.ts';

/** The methods of a client of Codex 0.171 that only read, or that change only the server and are not answered yet. */
const READS = [
  ...['initialize', 'userVerification/status', 'thread/goal/get', 'thread/queue/list'],
  ...['thread/attachment/list', 'thread/attachmentOwner/list', 'thread/memory/read'],
  ...['memory/status', 'thread/backgroundTerminals/list', 'thread/list', 'project/list'],
  ...['project/read', 'threadSection/list', 'thread/search', 'thread/searchOccurrences'],
  ...['thread/loaded/list', 'thread/read', 'thread/turns/list', 'thread/items/list'],
  ...['thread/items/read', 'skills/list', 'hooks/list', 'plugin/list', 'plugin/search'],
  ...['plugin/installed', 'plugin/read', 'plugin/skill/read', 'plugin/share/list', 'app/read'],
  ...['app/list', 'app/installed', 'fs/readFile', 'fs/getMetadata', 'fs/readDirectory'],
  ...['thread/timeline/list', 'thread/realtime/list', 'thread/realtime/listVoices', 'model/list'],
  ...['account/gatewayOAuth/read', 'modelProvider/list', 'modelProvider/capabilities/read'],
  ...['experimentalFeature/list', 'permissionProfile/list', 'remoteControl/status/read'],
  ...['remoteControl/pairing/status', 'remoteControl/client/list', 'collaborationMode/list'],
  ...['environment/info', 'environment/status', 'mcpServerStatus/list', 'config/read'],
  ...['mcpServer/resource/read', 'windowsSandbox/readiness', 'accountSession/list'],
  ...['account/securitySetup/read', 'account/rateLimits/read', 'account/usage/read'],
  ...['account/workspaceMessages/read', 'configRequirements/read', 'account/read'],
  ...['getConversationSummary', 'gitDiffToRemote', 'getAuthStatus', 'fuzzyFileSearch'],
];

/** All others may have had their effect. */
const WRITES = [
  ...['server/diagnostics', 'userVerification/enroll', 'userVerification/verify', 'thread/start'],
  ...['thread/resume', 'thread/fork', 'thread/sample', 'thread/archive', 'thread/delete'],
  ...['thread/unsubscribe', 'thread/name/set', 'thread/goal/set', 'thread/goal/clear'],
  ...['thread/queue/add', 'thread/queue/start', 'thread/metadata/update', 'thread/revert'],
  ...['thread/settings/update', 'thread/readState/update', 'memory/reset', 'rollout/compress'],
  ...['thread/compact/start', 'thread/shellCommand', 'thread/inject_items', 'project/create'],
  ...['thread/search/stream', 'thread/guardianReview', 'skills/config/write', 'fs/writeFile'],
  ...['fs/copy', 'fs/remove', 'fs/createDirectory', 'fs/watch', 'plugin/install', 'turn/start'],
  ...['turn/steer', 'turn/interrupt', 'review/start', 'thread/realtime/start', 'command/exec'],
  ...['mcpServer/tool/call', 'account/login/start', 'account/logout', 'accountSession/switch'],
  ...['account/rateLimitResetCredit/consume', 'feedback/upload', 'command/exec/write'],
  ...['process/spawn', 'process/kill', 'config/value/write', 'config/batchWrite'],
  ...['externalAgentConfig/import', 'marketplace/add', 'environment/add', 'remoteControl/enable'],
  ...['fuzzyFileSearch/sessionStart', 'constructor', '', 'list', 'read'],
];

describe('a request whose server has ended', () => {
  test.each(READS)('%s is answered by the successor', (method) => {
    expect(afterLostServer(method)).toBe('replay');
  });
  test.each(WRITES)('“%s” is refused', (method) => {
    expect(afterLostServer(method)).toBe('refuse');
  });
});

test.each([
  ['fs/watch', { watchId: 'a' }, 'fs/watch a', []],
  ['fs/unwatch', { watchId: 'a' }, undefined, ['fs/watch a']],
  ['remoteControl/enable', {}, 'remoteControl/enable', []],
  ['remoteControl/disable', {}, undefined, ['remoteControl/enable']],
  ['skills/extraRoots/set', { roots: [] }, 'skills/extraRoots/set', []],
  ['environment/add', { environmentId: 'e' }, 'environment/add e', []],
  [
    ...(['fuzzyFileSearch/sessionStop', { sessionId: 's' }, undefined] as const),
    ['fuzzyFileSearch/sessionStart s', 'fuzzyFileSearch/sessionUpdate s'],
  ],
  ['turn/start', {}, undefined, []],
  ['constructor', {}, undefined, []],
  ['__proto__', {}, undefined, []],
] as const)('%s %j: what a successor gets again, and what not', (method, params, key, ended) => {
  expect(keyOfSetting(method, params)).toBe(key);
  expect(keysEndedBy(method, params)).toEqual(ended);
});

test('a server must send all notifications that the relay reads', () => {
  expect([...NOTES.keys()].filter((method) => !NOTED.has(method))).toEqual([]);
});
