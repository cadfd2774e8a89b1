import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLake } from '../../src/lake/lake.ts';
import { Spool } from '../../src/deliver/spool.ts';
import { makeDataFolder } from '../../src/server/data-folder.ts';
import { serviceSecret } from '../../src/server/service-secret.ts';
import { nsgflow } from '../cli/nsgflow.ts';
import { dataFolder, serve } from './process.ts';
import type { Served } from './process.ts';
import { ask } from './serving.ts';

const path = '/subscriptions?api-version=2022-12-01';
const modeOf = async (name: string): Promise<string> => ((await stat(name)).mode & 0o777).toString(8);

let data: Awaited<ReturnType<typeof dataFolder>>;
let served: Served;

/** Status for a bearer token, or for none. */
async function status(token: string | undefined): Promise<number> {
  return (await ask({ origin: served.origin, ca: served.ca, ...(token === undefined ? {} : { token }) }, path)).status;
}

async function login(secret: string): Promise<string | undefined> {
  const answer = await ask(served, '/adfs/oauth2/token', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: 'me', client_secret: secret }).toString(),
  });
  return (JSON.parse(answer.text) as { access_token?: string }).access_token;
}

describe.runIf(process.platform !== 'win32')('a service on loopback, in a data folder that others may read', () => {
  beforeAll(async () => {
    data = await dataFolder();
    await mkdir(join(data.path, 'lake'));
    await mkdir(join(data.path, 'accounts', 'old'), { recursive: true });
    for (const name of ['', 'lake', 'accounts']) await chmod(join(data.path, name), 0o755);
    served = await serve(data.path, ['--no-ingest']);
  });
  afterAll(async () => {
    await served.end('SIGKILL');
    await data.remove();
  });

  test('shows no other user anything in it', async () => {
    expect(await modeOf(data.path)).toBe('755');
    expect(served.said()).toContain(`other users may list ${data.path}`);
    const modes = await Promise.all(
      (await readdir(data.path)).map(async (name) => [name, await modeOf(join(data.path, name))]),
    );
    expect(Object.fromEntries(modes)).toEqual({
      accounts: '700',
      az: '700',
      lake: '700',
      lock: '644',
      resources: '700',
      secret: '600',
      'serve.json': '600',
      spool: '700',
      tls: '700',
    });
  });

  test('takes no token but its own', async () => {
    expect(await status(undefined)).toBe(401);
    expect(await status('any')).toBe(401);
    expect(await status(served.token)).toBe(200);
    expect(await login('any')).toBeUndefined();
    const secret = (await readFile(join(data.path, 'secret'), 'utf8')).trim();
    expect(secret).toHaveLength(43);
    expect(await status(await login(secret))).toBe(200);
    expect(served.said()).not.toContain(secret);
  });

  test('lets shells of its user in with what --env prints, and commands with its data folder', async () => {
    const main = join(import.meta.dirname, '../../dist/cli/nsgflow.cjs');
    const script = `eval "$('${process.execPath}' '${main}' serve --env --data '${data.path}')"; printf '%s|%s' "$NSGFLOW_SECRET" "$NSGFLOW_TOKEN"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', script]);
    const [secret, token] = stdout.split('|');
    expect(await status(token)).toBe(200);
    expect(await status(await login(secret))).toBe(200);

    // In that shell, nsgflow's own commands reach it from any folder.
    const elsewhere = await mkdtemp(join(tmpdir(), 'nsgflow-elsewhere-'));
    const asks = `${script}; cd '${elsewhere}'; '${process.execPath}' '${main}' flow-log list -o json`;
    expect((await promisify(execFile)('bash', ['-c', asks])).stdout).toMatch(/\|[^|]+\[\]\n$/);
    await rm(elsewhere, { recursive: true });

    const args = ['flow-log', 'list', '--server', served.origin, '-o', 'json'];
    const none = { NSGFLOW_SECRET: '', NSGFLOW_TOKEN: '' };
    expect(await nsgflow([...args, '--data', data.path], { env: none })).toMatchObject({ code: 0, out: '[]\n' });
    // A folder with the CA alone, as another user has it who was given it.
    const other = await mkdtemp(join(tmpdir(), 'nsgflow-other-'));
    await cp(join(data.path, 'tls', 'ca.pem'), join(other, 'tls', 'ca.pem'));
    const with_ = async (env: Record<string, string>): Promise<number | null> =>
      (await nsgflow([...args, '--data', other], { env: { ...none, ...env } })).code;
    expect(await with_({})).toBe(4);
    expect(await with_({ NSGFLOW_TOKEN: token })).toBe(0);
    expect(await with_({ NSGFLOW_SECRET: secret })).toBe(0);
    expect(await with_({ NSGFLOW_SECRET: 'wrong wrong wrong' })).toBe(4);
    await rm(other, { recursive: true });
  });

  test('keeps its secret and its tokens over a restart, unless another secret is given; --auth any takes whatever comes', async () => {
    const before = await readFile(join(data.path, 'secret'), 'utf8');
    const { token } = served;
    await served.end();
    served = await serve(data.path, ['--no-ingest', '--auth', 'any']);
    expect(await status('any')).toBe(200);
    expect(await status(undefined)).toBe(401);
    expect(served.said()).toContain('all users of this machine can use the service');
    expect(await readFile(join(data.path, 'secret'), 'utf8')).toBe(before);
    await served.end();
    served = await serve(data.path, ['--no-ingest'], { env: { NSGFLOW_SECRET: 'a secret of my own' } });
    expect(await status(token)).toBe(200);
    expect(await login(before.trim())).toBeUndefined();
    expect(await status(await login('a secret of my own'))).toBe(200);
    await expect(readFile(join(data.path, 'secret'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

test('what would let everybody in is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nsgflow-refused-'));
  const run = async (...args: string[]): Promise<{ code: number | null; err: string }> =>
    await nsgflow(['serve', '--data', join(folder, 'data'), ...args], { env: { NSGFLOW_SECRET: 'short' } });
  expect(await run('--auth', 'any', '--listen', '0.0.0.0:0')).toMatchObject({
    code: 2,
    err: expect.stringContaining('--auth any is for loopback only'),
  });
  expect(await run('--listen', '127.0.0.1:0')).toMatchObject({
    code: 2,
    err: expect.stringContaining('the secret has 5 characters; it needs 16 or more'),
  });
  await rm(folder, { recursive: true });
});

describe.runIf(process.platform !== 'win32')('folders', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nsgflow-modes-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('that nsgflow makes for data are private; those that are there keep their mode', async () => {
    for (const kind of ['made', 'there']) {
      const at = (name: string): string => join(folder, kind, name);
      if (kind === 'there')
        for (const name of ['lake', 'spool', 'data']) {
          await mkdir(at(name), { recursive: true });
          await chmod(at(name), 0o755);
        }
      await (await openLake(at('lake'), { create: true })).close();
      await (await Spool.open({ folder: at('spool'), bytesMax: 1, sync: false })).close();
      await makeDataFolder(at('data'), () => undefined);
      const modes = [await modeOf(at('lake')), await modeOf(at('spool')), await modeOf(at('data'))];
      expect(modes).toEqual(Array(3).fill(kind === 'made' ? '700' : '755'));
      expect(await modeOf(at('data/tls'))).toBe('700');
    }
  });

  test('a secret is made once, and is 32 random bytes', async () => {
    const [a, b] = [join(folder, 'a'), join(folder, 'b')];
    const secret = await serviceSecret(a, undefined);
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(await serviceSecret(a, undefined)).toBe(secret);
    expect(await serviceSecret(a, secret)).toBe(secret);
    expect(await modeOf(join(a, 'secret'))).toBe('600');
    expect(await serviceSecret(b, undefined)).not.toBe(secret);
  });
});
