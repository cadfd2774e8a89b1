import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ArmRequest, ArmResponse } from '../../src/control/api/request.ts';
import { openArm } from '../../src/cli/resources/arm.ts';
import type { Arm } from '../../src/cli/resources/arm.ts';
import { exchangeWithRetries } from '../../src/cli/resources/exchange.ts';
import {
  changedFlowLog,
  deleteFlowLog,
  findWatcher,
  getFlowLog,
  putFlowLog,
} from '../../src/cli/resources/flow-log.ts';
import { buildNetwork, account, location, network, openPlane, subscription, watcher } from '../control/plane.ts';
import type { TestPlane } from '../control/plane.ts';
import type { Serving } from '../server/serving.ts';
import { serveParts } from '../server/serving.ts';

/** Requests so far, and what answers them. */
const asked: { method: string; path: string }[] = [];
let answer: (request: ArmRequest) => Promise<ArmResponse> | ArmResponse;
let serving: Serving;
let plane: TestPlane;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-arm-'));
  const synchronous = await openPlane({ now: Date.now }, folder);
  await buildNetwork(synchronous);
  await synchronous.plane.close();
  plane = await openPlane({ now: Date.now, asynchronous: true }, folder);
  serving = await serveParts({
    handle: async (request) => {
      asked.push({ method: request.method, path: request.url.split('?')[0] });
      return answer(request);
    },
  });
});

afterAll(async () => {
  await serving.close();
  await plane.end();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(() => {
  asked.length = 0;
  answer = (request) => plane.plane.handle({ ...request, origin: serving.origin });
});

function open(): Promise<Arm> {
  return openArm({ server: serving.origin, data: serving.folder, subscription: subscription.split('/')[2] });
}

const json = (body: ArmResponse['body'], status = 200, headers: Record<string, string> = {}): ArmResponse => ({
  status,
  headers: { 'retry-after': '0', ...headers },
  body,
});

describe('lists', () => {
  test('follow nextLink to the last page, with the api-version that Azure put into it', async () => {
    const pages = [
      { value: [{ name: 'a' }, { name: 'b' }], nextLink: `${serving.origin}/subscriptions?api-version=1&page=2` },
      { value: [], nextLink: `${serving.origin}/subscriptions?api-version=1&page=3` },
      { value: [{ name: 'c' }] },
    ];
    const urls: string[] = [];
    answer = ({ url }) => json(pages[urls.push(url) - 1]);
    expect((await (await open()).list('/subscriptions', '1')).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(urls).toEqual([1, 2, 3].map((n) => `/subscriptions?api-version=1${n === 1 ? '' : `&page=${n}`}`));
  });

  test('never send the token to another host', async () => {
    answer = () => json({ value: [], nextLink: 'https://example.com/subscriptions' });
    await expect((await open()).list('/subscriptions', '1')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('leads to another host') as string,
    });
    answer = () => json({}, 202, { location: 'https://example.com/done' });
    await expect((await open()).delete('/subscriptions/x', '1')).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('long operations', () => {
  test('are polled to their end: a flow log is created, changed and deleted', async () => {
    const arm = await open();
    const place = await findWatcher(arm, location);
    const wanted = { nsg: `${network}/networkSecurityGroups/web`, storageAccount: account('logs'), logVersion: '2' };
    const made = await putFlowLog(arm, place, 'fl', changedFlowLog(arm, location, wanted));
    expect(made).toMatchObject({ name: 'fl', provisioningState: 'Succeeded', format: { version: 2 }, enabled: true });
    expect(asked.some(({ path }) => path.includes('/operations/'))).toBe(true);
    const changed = changedFlowLog(arm, location, { retention: '9', tags: ['team=net'] }, made);
    expect(await putFlowLog(arm, place, 'fl', changed)).toMatchObject({
      retentionPolicy: { days: 9, enabled: true },
      format: { version: 2 },
      tags: { team: 'net' },
    });
    await deleteFlowLog(arm, place, 'fl');
    expect(await getFlowLog(arm, place, 'fl')).toBeUndefined();
    expect((await plane.ask('GET', `${watcher}/flowLogs/fl`)).status).toBe(404);
  });

  test('that fail say why, with the code of Azure', async () => {
    answer = ({ method }) =>
      method === 'PUT'
        ? json({}, 201, { 'azure-asyncoperation': `${serving.origin}/subscriptions/operation` })
        : json({ status: 'Failed', error: { code: 'StorageAccountNotInSameRegion', message: 'Move it.' } });
    await expect((await open()).put('/subscriptions/x', '1', {})).rejects.toMatchObject({
      code: 'unavailable',
      message: 'StorageAccountNotInSameRegion: Move it.',
    });
  });

  test('at a Location are polled until they answer something other than 202', async () => {
    let polls = 0;
    const location = () => `${serving.origin}/subscriptions/result`;
    answer = ({ method }) =>
      method === 'DELETE' || ++polls < 3 ? json(undefined, 202, { location: location() }) : json(undefined, 204);
    await (await open()).delete('/subscriptions/x', '1');
    expect(polls).toBe(3);
  });
});

test.each([
  [400, 'InvalidRequestFormat', 'usage'],
  [401, 'ExpiredAuthenticationToken', 'authentication'],
  [403, 'AuthorizationFailed', 'permission'],
  [404, 'ResourceGroupNotFound', 'not-found'],
  [409, 'FlowLogTargetInUse', 'usage'],
  [429, 'TooManyRequests', 'unavailable'],
  [500, 'InternalServerError', 'unavailable'],
] as const)('an answer of %d is an error of the one table, with the code of Azure', async (status, code, expected) => {
  answer = () => json({ error: { code, message: 'No.' } }, status);
  const arm = await open();
  for (const act of [() => arm.list('/subscriptions', '1'), () => arm.put('/subscriptions/x', '1', {})])
    await expect(act()).rejects.toMatchObject({ code: expected, message: `${code}: No.` });
});

test('requests to Azure are repeated after 429 and 503, as Retry-After says, and not after other errors', async () => {
  const statuses = [429, 503, 200];
  answer = () => json({ value: [] }, statuses.shift());
  const request = {
    method: 'GET',
    url: `${serving.origin}/subscriptions?api-version=1`,
    headers: { authorization: 'Bearer x' },
    body: undefined,
    ca: serving.ca,
  };
  expect((await exchangeWithRetries(request)).status).toBe(200);
  expect(asked).toHaveLength(3);
  answer = () => json({}, 409);
  expect((await exchangeWithRetries(request)).status).toBe(409);
  expect(asked).toHaveLength(4);
  answer = () => json({ error: { code: 'Busy' } }, 503);
  expect((await exchangeWithRetries(request)).json).toEqual({ error: { code: 'Busy' } });
});
