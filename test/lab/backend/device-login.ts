import type { Account } from './accounts.ts';
import { type HttpRoute, ok, refuse } from './http-route.ts';
import { makeId } from './ids.ts';

/** Device-auth logins: who the person at the browser will turn out to be, one entry a login (fact 7). */
export interface DeviceLogins {
  /** The next login is approved as this account, after `pendingPolls` (default 0) polls that find it pending. */
  expect(account: Account, options?: { pendingPolls?: number }): void;
  /** User codes handed out, in order. */
  readonly userCodes: string[];
  /** The account behind an authorization code, once. */
  redeem(code: string): Account | undefined;
  readonly routes: HttpRoute[];
}

interface Approval {
  account: Account;
  pendingPolls: number;
}

export function createDeviceLogins(): DeviceLogins {
  const expected: Approval[] = [];
  const logins = new Map<string, Approval | undefined>();
  const codes = new Map<string, Account>();
  const userCodes: string[] = [];

  const startLogin = () => {
    const device_auth_id = makeId('deviceauth');
    const user_code = `LAB-${String(userCodes.length + 1).padStart(5, '0')}`;
    logins.set(device_auth_id, undefined);
    userCodes.push(user_code);
    return ok({ device_auth_id, user_code, interval: '1' });
  };
  const pollLogin = (id: string) => {
    if (!logins.has(id)) return refuse(404, 'unknown_device_auth');
    // Bound at the first poll that finds one, so a test may approve after Codex has shown its code.
    const approval = logins.get(id) ?? expected.shift();
    logins.set(id, approval);
    if (approval === undefined || approval.pendingPolls-- > 0) {
      return refuse(403, 'deviceauth_authorization_pending');
    }
    logins.delete(id);
    const authorization_code = makeId('ac');
    codes.set(authorization_code, approval.account);
    return ok({ authorization_code, code_challenge: 'lab', code_verifier: 'lab' });
  };

  return {
    userCodes,
    expect: (account, { pendingPolls = 0 } = {}) => expected.push({ account, pendingPolls }),
    redeem(code) {
      const account = codes.get(code);
      codes.delete(code);
      return account;
    },
    routes: [
      {
        route: 'device-usercode',
        pattern: /^\/api\/accounts\/deviceauth\/usercode$/,
        answer: startLogin,
      },
      {
        route: 'device-token',
        pattern: /^\/api\/accounts\/deviceauth\/token$/,
        answer: ({ body }) => pollLogin(String(body.device_auth_id)),
      },
    ],
  };
}
