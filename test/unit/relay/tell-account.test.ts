import { describe, expect, it } from 'vitest';
import { failure, openScene, THREAD, TURN } from './relay-scene.ts';

const account = { type: 'chatgpt', email: 'a@example.com', planType: 'team' };
const rateLimits = { limitId: 'codex', primary: { usedPercent: 12 } };
const replies = {
  'account/read': () => ({ account }),
  'account/rateLimits/read': () => ({ rateLimits }),
};

describe('after a handoff the client is told', () => {
  it('the plan and the figures of the account that goes on', async () => {
    const scene = openScene({ replies });
    scene.begin();
    scene.server(...failure(THREAD, TURN));
    await scene.handOff();
    scene.elapse(500);
    await scene.settle();
    expect(scene.told('account/updated').map(({ params }) => params)).toEqual([
      { authMode: 'chatgpt', planType: 'team' },
    ]);
    expect(scene.told('account/rateLimits/updated').at(-1)?.params).toEqual({ rateLimits });
  });

  it('nothing that the server has told itself, or does not know', async () => {
    const scene = openScene({ replies: { 'account/read': () => ({ account: null }) } });
    scene.begin();
    scene.server(...failure(THREAD, TURN));
    await scene.handOff();
    scene.elapse(500);
    await scene.settle();
    expect(scene.told('account/updated')).toEqual([]);
    expect(scene.told('account/rateLimits/updated')).toEqual([]);
  });

  it('and the figures of the account before are no figures of the next', async () => {
    const scene = openScene({ replies: { 'account/read': () => ({ account: null }) } });
    scene.begin();
    const params = { rateLimits: { primary: { usedPercent: 100, windowDurationMins: 300 } } };
    scene.server({ method: 'account/rateLimits/updated', params }, ...failure(THREAD, TURN));
    expect(scene.relay.limits()?.windows).toMatchObject([{ usedPercent: 100 }]);
    await scene.handOff();
    expect(scene.relay.limits()).toBeUndefined();
  });
});
