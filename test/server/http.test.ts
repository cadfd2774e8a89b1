import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import type { ArmRequest } from '../../src/control/api/request.ts';
import { serverCertificate } from '../../src/server/certificate.ts';
import { formatEnvironment } from '../../src/server/environment.ts';
import { formatMetrics } from '../../src/server/metrics.ts';
import { WrongSecrets } from '../../src/server/wrong-secrets.ts';
import { ask, serveParts, tenantId } from './serving.ts';
import type { Serving } from './serving.ts';

const secret = 'correct horse battery staple';
const bearer = { authorization: 'Bearer anything' };
const formType = { 'content-type': 'application/x-www-form-urlencoded' };
const asked: ArmRequest[] = [];

let open: Serving;
let strict: Serving;

beforeAll(async () => {
  const handle = (request: ArmRequest): Promise<{ status: number; headers: object; body: { ok: boolean } }> => {
    asked.push(request);
    return Promise.resolve({ status: 200, headers: {}, body: { ok: true } });
  };
  open = await serveParts({ handle: handle as never, hostNames: ['flow.example.org'] });
  strict = await serveParts({ handle: handle as never, secret, wait: () => Promise.resolve() });
});

afterAll(async () => {
  await open.close();
  await strict.close();
});

function errorOf(text: string): unknown {
  return (JSON.parse(text) as { error: { code: string } }).error.code;
}

describe('certificates', () => {
  test('a CA that is not the leaf, for localhost and the loopback addresses; keys are the owner’s alone', async () => {
    const folder = join(open.folder, 'tls');
    const leaf = new X509Certificate(await readFile(join(folder, 'server.pem')));
    const ca = new X509Certificate(open.ca);
    expect([ca.ca, leaf.ca]).toEqual([true, false]);
    expect(leaf.verify(ca.publicKey)).toBe(true);
    expect(leaf.subjectAltName).toBe(
      'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:flow.example.org',
    );
    for (const name of ['ca-key.pem', 'server-key.pem', 'token-key'])
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
  });

  test('are kept, made anew before their end and for further names, under the same CA while that lasts', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nsgflow-tls-'));
    const day = 86_400_000;
    const now = Date.UTC(2026, 10, 22);
    const first = await serverCertificate(folder, ['localhost', '127.0.0.1'], now);
    const ca = await readFile(join(folder, 'ca.pem'), 'utf8');
    expect(await serverCertificate(folder, ['localhost'], now + 300 * day)).toEqual(first);
    const renewed = await serverCertificate(folder, ['localhost'], now + 370 * day);
    expect(renewed.expiresMillis).toBeGreaterThan(first.expiresMillis);
    const named = await serverCertificate(folder, ['localhost', 'flow.example.org'], now + 371 * day);
    expect(new X509Certificate(named.certificate).subjectAltName).toContain('flow.example.org');
    expect(await readFile(join(folder, 'ca.pem'), 'utf8')).toBe(ca);
    await serverCertificate(folder, ['localhost'], now + 3300 * day);
    expect(await readFile(join(folder, 'ca.pem'), 'utf8')).not.toBe(ca);
    await rm(folder, { recursive: true });
  });
});

describe('metadata, in the shape that each client asks for', () => {
  test.each(['2015-01-01', '2022-09-01'])('an object for %s', async (version) => {
    const { text } = await ask(open, `/metadata/endpoints?api-version=${version}`);
    const body = JSON.parse(text) as { authentication: { loginEndpoint: string; audiences: string[] } };
    expect(body.authentication.loginEndpoint).toBe(`${open.origin}/adfs`);
    expect(body.authentication.audiences[0]).toBe(`${open.origin}/`);
  });

  test.each(['2019-05-01', '2020-06-01'])(
    'an array with one cloud for %s, also behind two slashes',
    async (version) => {
      const { text } = await ask(open, `//metadata/endpoints?api-version=${version}`);
      const [cloud, ...others] = JSON.parse(text) as Record<string, unknown>[];
      expect(others).toEqual([]);
      expect(cloud).toMatchObject({
        resourceManager: open.origin.replace('localhost', new URL(open.origin).hostname),
        suffixes: { storage: 'localhost' },
        authentication: { tenant: tenantId, identityProvider: 'ADFS' },
      });
    },
  );

  test('wants an api-version', async () => {
    expect(errorOf((await ask(open, '/metadata/endpoints')).text)).toBe('MissingApiVersionParameter');
  });
});

describe('tokens', () => {
  const form = `grant_type=client_credentials&client_id=me&scope=${encodeURIComponent('https://management.core.windows.net//.default openid')}`;

  test('of a service principal carry the tenant', async () => {
    for (const path of ['/adfs/oauth2/token', `/adfs/${tenantId}/oauth2/v2.0/token`]) {
      const answer = await ask(open, path, { method: 'POST', headers: formType, body: `${form}&client_secret=any` });
      expect(answer.status).toBe(200);
      const token = JSON.parse(answer.text) as { access_token: string; token_type: string; expires_in: number };
      expect([token.token_type, token.expires_in]).toEqual(['Bearer', 3600]);
      expect(decodeJwt(token.access_token)).toMatchObject({ tid: tenantId, appid: 'me' });
    }
    const { text } = await ask(open, '/adfs/.well-known/openid-configuration');
    expect(JSON.parse(text)).toMatchObject({ token_endpoint: `${open.origin}/adfs/oauth2/token` });
  });

  test('of a managed identity', async () => {
    const answer = await ask(open, '/msi/token', {
      method: 'POST',
      headers: { ...formType, metadata: 'true' },
      body: `resource=${encodeURIComponent('https://management.core.windows.net/')}`,
    });
    const token = JSON.parse(answer.text) as { access_token: string; expires_on: string; resource: string };
    expect(token.expires_on).toMatch(/^\d{10}$/);
    expect(token.resource).toBe('https://management.core.windows.net/');
    expect(decodeJwt(token.access_token)).toMatchObject({ tid: tenantId });
    expect((await ask(open, '/msi/token', { method: 'POST', headers: formType, body: 'resource=x' })).status).toBe(400);
  });

  test('any will do on loopback, but there must be one', async () => {
    expect((await ask(open, '/tenants?api-version=2022-12-01', { headers: bearer })).status).toBe(200);
    for (const headers of [{}, { authorization: 'Bearer ' }, { authorization: 'Basic YTpi' }]) {
      const answer = await ask(open, '/tenants?api-version=2022-12-01', { headers });
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer authorization_uri="https:/);
      expect(errorOf(answer.text)).toBe('AuthenticationFailed');
      expect(answer.headers['x-ms-correlation-request-id']).toMatch(/^[0-9a-f-]{36}$/);
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
    }
  });

  test('strict: only those signed here, for the secret, of this key and not expired', async () => {
    const post = (body: string): ReturnType<typeof ask> =>
      ask(strict, '/adfs/oauth2/token', { method: 'POST', headers: formType, body });
    const refused = await post(`${form}&client_secret=wrong`);
    expect([refused.status, (JSON.parse(refused.text) as { error: string }).error]).toEqual([401, 'invalid_client']);
    const answer = await post(`${form}&client_secret=${encodeURIComponent(secret)}`);
    const { access_token: token } = JSON.parse(answer.text) as { access_token: string };
    const use = async (authorization: string): Promise<number> =>
      (await ask(strict, '/tenants?api-version=2022-12-01', { headers: { authorization } })).status;
    expect(await use(`Bearer ${token}`)).toBe(200);
    expect(await use('Bearer anything')).toBe(401);
    const [head, body, signature] = token.split('.');
    const forged = Buffer.from(JSON.stringify({ ...decodeJwt(token), exp: 9_999_999_999 })).toString('base64url');
    expect(await use(`Bearer ${head}.${forged}.${signature}`)).toBe(401);
    const unsigned = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    expect(await use(`Bearer ${unsigned}.${body}.`)).toBe(401);
    expect((await ask(strict, '/metrics')).status).toBe(401);
    expect((await ask(strict, '/healthz')).text).toBe('{"state":"ok"}');
    expect(strict.lines.join('\n')).not.toContain(token.slice(0, 40));
    const identity = { ...formType, metadata: 'true' };
    expect((await ask(strict, '/msi/token', { method: 'POST', headers: identity, body: 'resource=x' })).status).toBe(
      401,
    );
  });
});

describe('strict', () => {
  const post = (clientSecret: string, resource: string): ReturnType<typeof ask> =>
    ask(strict, '/adfs/oauth2/token', {
      method: 'POST',
      headers: formType,
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: 'me',
        client_secret: clientSecret,
        resource,
      }).toString(),
    });
  const statusWith = async (resource: string, path: string): Promise<number> => {
    const { access_token: token } = JSON.parse((await post(secret, resource)).text) as { access_token: string };
    return (await ask(strict, path, { headers: { authorization: `Bearer ${token}` } })).status;
  };
  const path = '/tenants?api-version=2022-12-01';

  test.each([
    ['https://management.azure.com/', 200],
    ['https://management.core.windows.net//', 200],
    ['https://localhost:9999', 200],
    ['https://127.0.0.1/', 200],
    ['https://storage.azure.com/', 401],
    ['https://vault.azure.net', 401],
    ['https://localhost.example.org/', 401],
    ['https://management.azure.com.example.org/', 401],
    ['https://localhost@example.org/', 401],
    ['http://localhost/', 401],
    ['https://localhost/other', 401],
    ['00000003-0000-0000-c000-000000000000', 401],
  ])('a token for %s opens the control plane: %i', async (audience, status) => {
    expect(await statusWith(audience, path)).toBe(status);
    expect(await statusWith(audience, '/metrics')).toBe(status);
  });

  test.each([
    [{ secret }, 200],
    [{ 'x-identity-header': secret }, 200],
    [{ metadata: 'true', secret }, 200],
    [{ secret: 'wrong' }, 401],
    [{ metadata: 'true' }, 401],
    [{}, 400],
  ])('a managed identity with the headers %o: %i', async (headers, status) => {
    for (const name of ['/msi/token', '/msi/token/']) {
      const resource = encodeURIComponent(`${strict.origin}/`);
      expect((await ask(strict, `${name}?resource=${resource}&api-version=2017-09-01`, { headers })).status).toBe(
        status,
      );
    }
  });

  test('who has a token is told how the parts are', async () => {
    const { access_token: token } = JSON.parse((await post(secret, 'https://localhost/')).text) as {
      access_token: string;
    };
    const { text } = await ask(strict, '/healthz', { headers: { authorization: `Bearer ${token}` } });
    expect(JSON.parse(text)).toEqual({ state: 'ok', parts: [] });
  });

  test('wrong secrets of a client are answered later and later, the right one at once', async () => {
    const waits: number[] = [];
    const many = await serveParts({
      secret,
      wait: (millis) => {
        waits.push(millis);
        return Promise.resolve();
      },
    });
    const form = (clientSecret: string): Parameters<typeof ask>[2] => ({
      method: 'POST',
      headers: formType,
      body: `grant_type=client_credentials&client_id=me&client_secret=${encodeURIComponent(clientSecret)}`,
    });
    for (let i = 0; i < 12; i++) expect((await ask(many, '/adfs/oauth2/token', form(`wrong ${i}`))).status).toBe(401);
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 8000, 8000, 8000]);
    expect((await ask(many, '/adfs/oauth2/token', form(secret))).status).toBe(200);
    expect(waits).toHaveLength(9);
    await many.close();
  });

  test('wrong secrets are forgotten after a quarter of an hour, and counted by client', () => {
    let now = 0;
    const wrong = new WrongSecrets(() => now);
    for (let i = 0; i < 4; i++) wrong.add('192.0.2.1');
    expect(wrong.add('192.0.2.1')).toBe(500);
    expect(wrong.add('192.0.2.2')).toBe(0);
    expect(wrong.add('::ffff:192.0.2.1')).toBe(1000);
    now += 15 * 60_000 + 1;
    expect(wrong.add('192.0.2.1')).toBe(0);
  });
});

describe('what is logged of failures', () => {
  const headers = bearer;
  const path = '/tenants?api-version=2022-12-01';

  test('while the service starts: an answer with 503 and one line, no fault', async () => {
    const starting = await serveParts({ isStarting: true });
    for (let i = 0; i < 3; i++) {
      const answer = await ask(starting, path, { headers });
      expect([answer.status, answer.headers['retry-after'], errorOf(answer.text)]).toEqual([
        503,
        '1',
        'ServiceUnavailable',
      ]);
    }
    expect(starting.lines).toHaveLength(3);
    expect(starting.faults).toEqual([]);
    await starting.close();
  });

  test('a fault is told once, and the answer says nothing of it', async () => {
    const fault = new Error('the inside');
    const faulty = await serveParts({ handle: () => Promise.reject(fault) });
    const answer = await ask(faulty, path, { headers });
    expect([answer.status, answer.text.includes('inside')]).toEqual([500, false]);
    expect(faulty.faults).toEqual([fault]);
    await faulty.close();
  });
});

test('localhost is served at each of its addresses, by one certificate', async () => {
  const serving = await serveParts({ host: 'localhost' });
  const { port } = new URL(serving.origin);
  for (const server of serving.servers) {
    const { address, family } = server.address() as AddressInfo;
    const host = family === 'IPv6' ? `[${address}]` : address;
    expect((await ask({ ...serving, origin: `https://${host}:${port}` }, '/healthz')).status).toBe(200);
  }
  await serving.close();
});

describe('who calls', () => {
  const path = '/tenants?api-version=2022-12-01';

  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.nip.io', 'localhost@evil.example'])(
    'not as host %s',
    async (host) => {
      const answer = await ask(open, path, { headers: { ...bearer, host } });
      expect([answer.status, errorOf(answer.text)]).toEqual([421, 'MisdirectedRequest']);
    },
  );

  test.each(['localhost', 'LOCALHOST:9', '127.0.0.1:8443', '[::1]:8443', 'flow.example.org'])(
    'as host %s',
    async (host) => {
      expect((await ask(open, path, { headers: { ...bearer, host } })).status).toBe(200);
    },
  );

  test('not from pages of others', async () => {
    for (const origin of ['https://evil.example', 'null', 'https://localhost.evil.example'])
      expect((await ask(open, path, { headers: { ...bearer, origin } })).status).toBe(403);
    expect((await ask(open, path, { headers: { ...bearer, origin: open.origin } })).status).toBe(200);
  });
});

describe('hostile requests get a 4xx with a code, and one line in the log', () => {
  const cases: [string, string, Parameters<typeof ask>[2]][] = [
    ['a huge body', '/subscriptions/a', { method: 'PUT', body: Buffer.alloc(limits.httpBodyBytesMax + 1, 0x20) }],
    ['a path that is no path', '/%zz', {}],
    ['a path of a megabyte', `/${'a'.repeat(12_000)}`, {}],
    ['a form without a client', '/adfs/oauth2/token', { method: 'POST', headers: formType, body: 'a=b&&&=' }],
    ['a form that is JSON', '/adfs/oauth2/token', { method: 'POST', body: '{"client_id":{}}' }],
    [
      'an encoding that is not known',
      '/adfs/oauth2/token',
      { method: 'POST', headers: { 'content-type': '@@@' }, body: 'x' },
    ],
  ];

  test.each(cases)('%s', async (_, path, options) => {
    const before = asked.length;
    const lines = open.lines.length;
    const answer = await ask(open, path, { ...options, headers: { ...bearer, ...options?.headers } });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.text).toMatch(/"(?:code|error)":/);
    expect(asked.length).toBe(before);
    expect(open.lines.length).toBe(lines + 1);
    expect(open.lines.at(-1)!.length).toBeLessThan(700);
  });

  test('authorization never reaches the control plane', async () => {
    await ask(open, '/subscriptions?api-version=2022-12-01', { headers: { authorization: 'Bearer topsecret' } });
    expect(JSON.stringify(asked.at(-1))).not.toContain('topsecret');
  });
});

describe('the environment of a shell', () => {
  const access = { secret: "it's a secret", token: 'a.b.c' };
  const environment = {
    origin: 'https://localhost:8443',
    caPath: `/tmp/it's "here" $HOME/ca.pem`,
    tenantId,
    subscriptionId: '00000000-0000-0000-0000-000000000000',
    azFolder: '/tmp/az',
    strict: false,
  };

  test('reaches bash as it is, whatever the path', async () => {
    const script = `${formatEnvironment(environment, access, 'bash')}\nprintf '%s|%s|%s|%s' "$SSL_CERT_FILE" "$ARM_CLOUD_METADATA_URL" "$NSGFLOW_SECRET" "$NSGFLOW_TOKEN"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', script]);
    expect(stdout.split('|')).toEqual([
      environment.caPath,
      'https://localhost:8443/metadata/endpoints?api-version=2020-06-01',
      access.secret,
      access.token,
    ]);
    expect(formatEnvironment(environment, { ...access, secret: undefined }, 'bash')).not.toMatch(
      /^export NSGFLOW_SECRET/m,
    );
  });

  test('is quoted for fish and PowerShell', () => {
    expect(formatEnvironment(environment, access, 'fish')).toContain(
      `set -gx SSL_CERT_FILE '/tmp/it\\'s "here" $HOME/ca.pem'`,
    );
    expect(formatEnvironment(environment, access, 'powershell')).toContain(
      `$env:SSL_CERT_FILE = '/tmp/it''s "here" $HOME/ca.pem'`,
    );
    expect(() => formatEnvironment({ ...environment, azFolder: '/tmp/a\nb' }, access, 'bash')).toThrow(
      'control character',
    );
  });
});

test('metrics are escaped as Prometheus wants', () => {
  expect(
    formatMetrics([
      { name: 'a_total', type: 'counter', help: 'x\ny', samples: [{ labels: { r: 'a"b\\c\nd' }, value: 1 }] },
      { name: 'b', type: 'gauge', help: 'none', samples: [{ value: undefined }] },
    ]),
  ).toBe('# HELP a_total x\\ny\n# TYPE a_total counter\na_total{r="a\\"b\\\\c\\nd"} 1\n');
});
