/**
 * Templates that would be endless, sent to the running service: each is refused with a code, and meanwhile the service answers others.
 */
import { readFile } from 'node:fs/promises';
import { Agent, get } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeBombs } from '../arm-template/bombs.ts';
import type { Served } from './process.ts';
import { dataFolder, serve, subscription } from './process.ts';
import { ask } from './serving.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const seed = Number(process.env['NSGFLOW_SEED'] ?? 20_261_129);
const bombs = makeBombs(long ? 90 : 3, seed);
const group = `/subscriptions/${subscription}/resourceGroups/shop`;
const headers = { 'content-type': 'application/json' };

let data: Awaited<ReturnType<typeof dataFolder>>;
let served: Served;
/** One connection, so that the questions cost little beside what is measured. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

beforeAll(async () => {
  data = await dataFolder();
  served = await serve(data.path, ['--no-ingest']);
  const body = JSON.stringify({ location: 'westeurope' });
  await ask(served, `${group}?api-version=2021-04-01`, { method: 'PUT', headers, body });
});

afterAll(async () => {
  agent.destroy();
  await served.end();
  await data.remove();
});

test(`${bombs.length} of them`, async () => {
  let between = 0;
  for (const { name, template } of bombs) {
    const turn = { isOver: false };
    const body = JSON.stringify({ properties: { mode: 'Incremental', template } });
    const path = `${group}/providers/Microsoft.Resources/deployments/bomb?api-version=2021-04-01`;
    const answer = ask(served, path, { method: 'PUT', headers, body }).finally(() => (turn.isOver = true));
    let healthy = 0;
    do {
      expect(await health(), name).toBe(200);
      if (!turn.isOver) healthy++;
      await sleep(50);
    } while (!turn.isOver);
    const { status, text } = await answer;
    expect([status, JSON.parse(text).error.code], `${name}: ${text}`).toEqual([400, 'InvalidTemplate']);
    between += healthy;
  }
  const listed = await ask(served, `${group}/resources?api-version=2021-04-01`, { headers });
  expect(JSON.parse(listed.text).value).toEqual([]);
  const peak = /VmHWM:\s*(\d+) kB/.exec(await readFile(`/proc/${served.pid}/status`, 'utf8').catch(() => ''))?.[1];
  console.log(`${bombs.length} bombs; /healthz ${between} times while they were evaluated; peak memory ${peak} kB`);
  expect(between).toBeGreaterThanOrEqual(bombs.length);
});

/** Status of `/healthz`. */
function health(): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = get(`${served.origin}/healthz`, { ca: served.ca, agent }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode));
    });
    asked.on('error', reject);
  });
}
