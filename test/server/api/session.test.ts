/** Who may ask the console: the printed address, sessions, changes, roles, and pages of other origins. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/limits.ts';
import { Sessions } from '../../../src/server/api/sessions.ts';
import { Tokens } from '../../../src/server/tokens.ts';
import { askConsole, consoleOver, errorOf, signIn } from './console.ts';
import type { OpenConsole } from './console.ts';

const session = '/api/v1/session';
let clock = Date.UTC(2026, 10, 20, 12);
let console: OpenConsole;
let readOnly: OpenConsole;
const waits: number[] = [];

beforeAll(async () => {
  console = await consoleOver({
    now: () => clock,
    hostNames: ['flows.example.org'],
    wait: (millis) => {
      waits.push(millis);
      return Promise.resolve();
    },
  });
  readOnly = await consoleOver({ readOnly: true });
});

afterAll(async () => {
  await console.close();
  await readOnly.close();
});

describe('the printed address', () => {
  test('is plain HTTP on loopback, with a token of 256 bits behind the #', () => {
    expect(console.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}$/);
    expect(console.token).not.toBe(readOnly.token);
  });

  test('signs a browser in, more than one, with a cookie that scripts and other sites never see', async () => {
    for (let browser = 0; browser < 2; browser++) {
      const signed = await askConsole(console, session, { method: 'POST', body: { token: console.token } });
      const { port } = new URL(console.origin);
      expect([signed.status, signed.headers['set-cookie']]).toEqual([
        204,
        [
          expect.stringMatching(
            new RegExp(`^nsgflow_session_${port}=[\\w-]{43}; Max-Age=43200; Path=/; HttpOnly; SameSite=Strict$`),
          ),
        ],
      ]);
    }
    const browser = await signIn(console);
    expect((await askConsole(console, session, { headers: { cookie: browser.cookie } })).json).toEqual({
      name: 'console',
      role: 'operator',
      readOnly: false,
      service: false,
      csrf: browser['x-nsgflow-csrf'],
    });
  });

  test('with another token signs nobody in, and answers later each time; the right one is never delayed', async () => {
    for (let attempt = 0; attempt < 5; attempt++) {
      const answer = await askConsole(console, session, { method: 'POST', body: { token: `wrong ${attempt}` } });
      expect([answer.status, errorOf(answer).code, errorOf(answer).field]).toEqual([401, 'authentication', '/token']);
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
    expect(waits).toEqual([250, 500]);
    expect((await askConsole(console, session, { method: 'POST', body: { token: console.token } })).status).toBe(204);
    expect(waits).toEqual([250, 500]);
  });

  test('takes its next free port where the usual one is in use, and an error says so where it was asked for', async () => {
    const port = Number(new URL(console.origin).port);
    const other = await consoleOver({ port, isDefault: true });
    expect(new URL(other.origin).port).not.toBe(String(port));
    await other.close();
    await expect(consoleOver({ port, flag: '--console' })).rejects.toMatchObject({
      code: 'unavailable',
      hint: expect.stringContaining('--console'),
    });
  });

  test('is refused off loopback without a certificate', async () => {
    await expect(consoleOver({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('a session', () => {
  test('is needed by every route, and ends by signing out and by time', async () => {
    const none = await askConsole(console, session);
    expect([none.status, errorOf(none).code]).toEqual([401, 'authentication']);
    const { cookie, ...csrf } = await signIn(console);
    expect((await askConsole(console, session, { method: 'DELETE', headers: { cookie, ...csrf } })).status).toBe(204);
    expect((await askConsole(console, session, { headers: { cookie } })).status).toBe(401);

    const late = await signIn(console);
    clock += limits.consoleSessionMillis;
    expect((await askConsole(console, session, { headers: { cookie: late.cookie } })).status).toBe(401);
  });

  test('changes nothing without its own header against cross-site requests', async () => {
    const [one, two] = [await signIn(console), await signIn(console)];
    for (const headers of [
      { cookie: one.cookie },
      { cookie: one.cookie, 'x-nsgflow-csrf': two['x-nsgflow-csrf'] },
      { cookie: one.cookie, 'x-nsgflow-csrf': '' },
    ]) {
      const refused = await askConsole(console, session, { method: 'DELETE', headers });
      expect([refused.status, errorOf(refused).code]).toEqual([403, 'permission']);
    }
    expect((await askConsole(console, session, { headers: { cookie: one.cookie } })).status).toBe(200);
  });

  test('the oldest one is signed out above the limit', () => {
    const sessions = new Sessions(() => 0);
    const user = { name: 'a', role: 'viewer' } as const;
    const first = sessions.open(user);
    const second = sessions.open(user);
    for (let more = 1; more < limits.consoleSessionsMax; more++) sessions.open(user);
    expect([sessions.find(first), sessions.find(second)?.user]).toEqual([undefined, user]);
  });

  test('of a read-only console says so', async () => {
    const { cookie } = await signIn(readOnly);
    expect((await askConsole(readOnly, session, { headers: { cookie } })).json).toMatchObject({ readOnly: true });
  });
});

describe('a bearer token', () => {
  test('of the printed address works for scripts, without a session; another one is refused', async () => {
    const headers = { authorization: `Bearer ${console.token}` };
    expect((await askConsole(console, session, { headers })).json).toMatchObject({ role: 'operator', csrf: '' });
    expect((await askConsole(console, session, { method: 'DELETE', headers })).status).toBe(204);
    for (const authorization of ['Bearer wrong', 'Basic eA==', ''])
      expect((await askConsole(console, session, { headers: { authorization } })).status).toBe(401);
  });

  test('of the service works, too', async () => {
    const tenantId = '00000000-0000-0000-0000-0000000000aa';
    const key = new Uint8Array(32).fill(7);
    const tokens = new Tokens({ strict: true, secret: 'x', tenantId, names: ['localhost'] }, key, () => clock);
    const server = await consoleOver({ tokens, now: () => clock });
    const { accessToken } = await tokens.issue('script', 'https://localhost:8443/');
    const ask = (token: string) => askConsole(server, session, { headers: { authorization: `Bearer ${token}` } });
    expect([(await ask(accessToken)).status, (await ask(`${accessToken}x`)).status]).toEqual([200, 401]);
    await server.close();
  });
});

describe('pages of other origins', () => {
  test('are refused by Host, Origin and Sec-Fetch-Site; the port counts', async () => {
    const { cookie } = await signIn(console);
    const { host, port } = new URL(console.origin);
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await askConsole(console, session, { headers: { cookie, ...headers } })).status;
    expect(await status({ host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' })).toBe(200);
    expect(await status({ host: `flows.example.org:${port}`, origin: `http://flows.example.org:${port}` })).toBe(200);
    expect(await status({ host: 'evil.example:80' })).toBe(421);
    expect(await status({ host, origin: 'http://evil.example' })).toBe(403);
    expect(await status({ host, origin: 'http://127.0.0.1:1' })).toBe(403);
    expect(await status({ host, origin: 'null' })).toBe(403);
    expect(await status({ host, 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await status({ host, 'sec-fetch-site': 'cross-site' })).toBe(403);
  });

  test('cannot post a form in place of JSON', async () => {
    const headers = { 'content-type': 'text/plain' };
    const refused = await askConsole(console, session, { method: 'POST', headers, body: { token: console.token } });
    expect([refused.status, refused.headers['set-cookie']]).toEqual([415, undefined]);
  });
});

describe('errors', () => {
  const post = (body: unknown) => askConsole(console, session, { method: 'POST', body });

  test('stand at the field of the body', async () => {
    expect(errorOf(await post({}))).toMatchObject({ code: 'usage', field: '/token', message: 'token is missing' });
    expect(errorOf(await post({ token: 7 }))).toMatchObject({
      field: '/token',
      message: 'the value is 7; a text is wanted',
    });
    expect(errorOf(await post({ token: 'x', more: 1 }))).toMatchObject({ field: '/more' });
    expect(errorOf(await post([]))).toMatchObject({ field: '', message: 'the value is a list; an object is wanted' });
  });

  test('a path or method that the API does not have is 404, in the same form', async () => {
    for (const [method, path] of [
      ['GET', '/api/v1/nothing'],
      ['PUT', session],
      ['GET', '/api/v2/session'],
    ]) {
      const answer = await askConsole(console, path, { method });
      expect([answer.status, errorOf(answer).code]).toEqual([404, 'not-found']);
    }
  });
});

test('the log names who changes things, and never a token', async () => {
  const { cookie, ...csrf } = await signIn(console);
  await askConsole(console, session, { method: 'DELETE', headers: { cookie, ...csrf } });
  expect(console.lines.at(-1)).toMatch(/ DELETE \/api\/v1\/session 204 \d+ ms by console$/);
  expect(console.lines.join('\n')).not.toContain(console.token);
  expect(console.faults).toEqual([]);
});
