import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  rmdirSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { longTest } from '../base/long.ts';
import { FlowError } from '../../src/base/errors.ts';
import type { ErrorCode } from '../../src/base/errors.ts';
import { limits } from '../../src/base/limits.ts';
import { minuteMillis } from '../../src/base/time.ts';
import type { Account, Container } from '../../src/blob/container.ts';
import { memoryAccount } from '../../src/blob/memory.ts';
import { Delivery } from '../../src/deliver/delivery.ts';
import { DeliveryState } from '../../src/deliver/delivery-state.ts';
import type { DeliverySettings } from '../../src/deliver/delivery-state.ts';
import type { DeliveryStatus } from '../../src/deliver/delivery-status.ts';
import type { FlushedBlock } from '../../src/deliver/flushed-block.ts';
import { Spool } from '../../src/deliver/spool.ts';

const root = mkdtempSync(join(tmpdir(), 'nsgflow-delivery-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const container = 'insights-logs-networksecuritygroupflowevent';
const startMillis = Date.UTC(2026, 2, 1, 10);

/** The block of one NIC and minute; its record is its minute. */
function block(minute: number, nic = 0, storage = ''): FlushedBlock {
  const hour = String(10 + Math.floor(minute / 60)).padStart(2, '0');
  return {
    storage,
    container,
    blob: `resourceId=/X/y=2026/m=03/d=01/h=${hour}/m=00/macAddress=${nic}/PT1H.json`,
    id: (minute * 1000 + nic).toString(16).padStart(32, '0'),
    bytes: Buffer.from(JSON.stringify({ minute, pad: 'x'.repeat(200) })),
    tuples: 1,
  };
}

async function minutesOf(account: Account, nic = 0, hour = 10): Promise<number[]> {
  const name = block((hour - 10) * 60, nic).blob;
  const { bytes } = await account.container(container).read(name);
  return (JSON.parse(Buffer.from(bytes).toString()) as { records: { minute: number }[] }).records.map((r) => r.minute);
}

/** An account that fails with `code` while there is one, at `share` of the commits once they are done. */
class Faulty {
  code: ErrorCode | undefined;
  readonly inner = memoryAccount(`memory-${Math.random()}`);
  commits = 0;
  tries = 0;
  /** That a refusal names. */
  retryAfterSeconds: number | undefined;
  loseAnswers = false;
  readonly account: Account = {
    location: this.inner.location,
    container: (name) => this.#wrap(this.inner.container(name)),
    containers: () => this.inner.containers(),
  };

  #wrap(inner: Container): Container {
    const check = (): void => {
      this.tries++;
      if (this.code === undefined) return;
      const cause =
        this.retryAfterSeconds === undefined
          ? undefined
          : { response: { headers: new Headers({ 'retry-after': String(this.retryAfterSeconds) }) } };
      throw new FlowError(this.code, `the storage is ${this.code}`, { cause });
    };
    return {
      location: inner.location,
      name: inner.name,
      list: (prefix) => inner.list(prefix),
      children: (prefix) => inner.children(prefix),
      properties: async (name) => await inner.properties(name),
      read: async (name, start, end) => await inner.read(name, start, end),
      delete: async (name, etag) => await inner.delete(name, etag),
      blocks: async (name) => {
        check();
        return await inner.blocks(name);
      },
      stageBlock: async (name, id, bytes) => {
        check();
        await inner.stageBlock(name, id, bytes);
      },
      commitBlocks: async (name, ids, etag) => {
        check();
        const done = await inner.commitBlocks(name, ids, etag);
        this.commits++;
        if (this.loseAnswers && this.commits % 3 === 0) throw new FlowError('unavailable', 'the answer was lost');
        return done;
      },
    };
  }
}

const emptyStatus: DeliveryStatus = {
  spoolingSince: null,
  reason: null,
  spoolBytes: 0,
  oldestMinute: null,
  delivered: 0,
  deliveredOfEarlier: 0,
  dropped: { blocks: 0, tuples: 0, bytes: 0 },
  refused: { blocks: 0, tuples: 0, bytes: 0 },
  damaged: 0,
  droppedBlobs: [],
};

interface Run {
  readonly delivery: Delivery;
  readonly spool: Spool | undefined;
  readonly sentences: string[];
}

async function begin(
  account: Account | Record<string, Account>,
  folder: string | undefined,
  settings: Partial<DeliverySettings> & { bytesMax?: number } = {},
): Promise<Run> {
  const spool =
    folder === undefined
      ? undefined
      : await Spool.open({ folder, bytesMax: settings.bytesMax ?? 1 << 20, sync: false });
  const sentences: string[] = [];
  const delivery = new Delivery({
    accountOf: ({ storage }) => {
      const found = 'location' in account ? (account as Account) : account[storage];
      if (found === undefined) throw new FlowError('not-found', `no account ${storage}`);
      return found;
    },
    spool,
    mayDrop: true,
    waitMillis: 0,
    onChange: (sentence) => sentences.push(sentence),
    ...settings,
  });
  await delivery.begin();
  return { delivery, spool, sentences };
}

async function end({ delivery, spool }: Run): Promise<string | undefined> {
  const left = await delivery.finish();
  await delivery.close();
  await spool?.close();
  return left;
}

function segments(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.segment'));
}

describe('delivery with a spool', () => {
  let folder: string;
  let faulty: Faulty;
  let runs = 0;
  beforeEach(() => {
    folder = join(root, `spool-${runs++}`);
    faulty = new Faulty();
  });

  const add = async (run: Run, minute: number, ...blocks: FlushedBlock[]): Promise<void> => {
    run.delivery.add(blocks.length > 0 ? blocks : [block(minute)], startMillis + minute * minuteMillis);
    await run.delivery.room();
  };

  test('leaves nothing in the spool when storage takes everything', async () => {
    const run = await begin(faulty.account, folder);
    for (let minute = 0; minute < 130; minute++) await add(run, minute, block(minute, 0), block(minute, 1));
    expect(await end(run)).toBeUndefined();
    for (const nic of [0, 1])
      for (const hour of [10, 11, 12])
        expect(await minutesOf(faulty.account, nic, hour)).toEqual(
          Array.from({ length: hour === 12 ? 10 : 60 }, (_, n) => (hour - 10) * 60 + n),
        );
    expect([run.delivery.blobs, run.delivery.tuplesWritten]).toEqual([6, 260]);
    expect(readdirSync(folder)).toEqual(['status.json']);
  });

  test.each<ErrorCode>(['unavailable', 'authentication', 'permission', 'disk-full', 'not-found', 'io'])(
    'keeps what storage does not take because of %s, and brings it in order when it is back',
    async (code) => {
      const random = vi.spyOn(Math, 'random').mockReturnValue(0);
      const run = await begin(faulty.account, folder, { waitMillis: 30_000 });
      await add(run, 0);
      await vi.waitFor(() => expect(run.delivery.tuplesWritten).toBe(1));
      faulty.code = code;
      for (let minute = 1; minute < 70; minute++) await add(run, minute);
      await vi.waitFor(() => expect(run.delivery.status().spoolingSince).not.toBeNull());
      const away = run.delivery.status();
      expect(away).toMatchObject({
        oldestMinute: '2026-03-01T10:01:00.000Z',
        delivered: 1,
        reason: `the storage is ${code}`,
      });
      expect(away.spoolBytes).toBeGreaterThan(69 * 200);
      expect(segments(folder)).toHaveLength(69);
      faulty.code = undefined;
      expect(await end(run)).toBeUndefined();
      expect(await minutesOf(faulty.account)).toEqual(Array.from({ length: 60 }, (_, n) => n));
      expect(await minutesOf(faulty.account, 0, 11)).toEqual(Array.from({ length: 10 }, (_, n) => 60 + n));
      expect(run.delivery.status()).toMatchObject({
        spoolingSince: null,
        spoolBytes: 0,
        oldestMinute: null,
        delivered: 70,
      });
      expect(run.sentences).toEqual([
        `the storage is ${code}; recording continues into the spool ${folder}`,
        expect.stringMatching(/takes blocks again, after \d+ s$/),
      ]);
      random.mockRestore();
    },
  );

  test('storage of which somebody knows that it is back is tried at once, whatever pause it named', async () => {
    const run = await begin(faulty.account, folder, { waitMillis: 30_000 });
    faulty.code = 'unavailable';
    faulty.retryAfterSeconds = 300;
    await add(run, 0);
    await vi.waitFor(() => expect(run.delivery.status().spoolingSince).not.toBeNull());
    faulty.code = undefined;
    run.delivery.tryAgain();
    await vi.waitFor(() => expect(run.delivery.tuplesWritten).toBe(1), { timeout: 20_000, interval: 5 });
    expect(await end(run)).toBeUndefined();
  });

  test('what is tried again in vain does not make the pauses longer', async () => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0);
    const run = await begin(faulty.account, folder, { waitMillis: 30_000 });
    faulty.code = 'authentication';
    await add(run, 0);
    await vi.waitFor(() => expect(run.delivery.status().spoolingSince).not.toBeNull());
    for (let turn = 0; turn < 10; turn++) {
      const { tries } = faulty;
      run.delivery.tryAgain();
      await vi.waitFor(() => expect(faulty.tries).toBeGreaterThan(tries), { timeout: 20_000, interval: 5 });
    }
    faulty.code = undefined;
    // After ten tries on its own it would pause for fifteen seconds at least.
    await vi.waitFor(() => expect(run.delivery.tuplesWritten).toBe(1), { timeout: 12_000, interval: 5 });
    expect(await end(run)).toBeUndefined();
    random.mockRestore();
  });

  test('more than memory holds, left by an earlier run, is delivered though nothing new comes', async () => {
    faulty.code = 'unavailable';
    const bytesMax = limits.deliveryBytesMax * 3;
    const big = (minute: number): FlushedBlock => ({
      ...block(minute, minute),
      bytes: Buffer.from(JSON.stringify({ minute, pad: 'x'.repeat(limits.deliveryBytesMax / 4) })),
    });
    const first = await begin(faulty.account, folder, { bytesMax });
    for (let minute = 0; minute < 7; minute++) await add(first, minute, big(minute));
    expect(await end(first)).toContain('wait in the spool');
    expect(segments(folder)).toHaveLength(7);
    faulty.code = undefined;
    const second = await begin(faulty.account, folder, { bytesMax });
    expect(await end(second)).toBeUndefined();
    expect(second.delivery.status()).toMatchObject({ deliveredOfEarlier: 7, spoolBytes: 0 });
  });

  test('an account that cannot be opened ends the recording; the others have what was recorded for them', async () => {
    const run = await begin({ two: faulty.account }, folder);
    run.delivery.add([block(0, 0, 'one'), block(0, 0, 'two')], startMillis);
    await expect(run.delivery.room()).rejects.toMatchObject({ code: 'not-found', message: 'no account one' });
    await run.delivery.close();
    await run.spool?.close();
    const again = await begin({ two: faulty.account }, folder);
    expect(await end(again)).toBeUndefined();
    expect(await minutesOf(faulty.account)).toEqual([0]);
  });

  test('a recording that is ended while storage answers does not go on trying', async () => {
    faulty.code = 'unavailable';
    faulty.retryAfterSeconds = 300;
    const run = await begin(faulty.account, folder);
    await add(run, 0);
    const timers = vi.spyOn(globalThis, 'setTimeout');
    await run.delivery.close();
    expect(timers.mock.calls.filter(([, millis]) => (millis ?? 0) >= 300_000)).toEqual([]);
    timers.mockRestore();
    await run.spool?.close();
  });

  test('a run that ends while storage is away says so, and the next one delivers what is left, first and once', async () => {
    faulty.code = 'unavailable';
    const first = await begin(faulty.account, folder);
    for (let minute = 0; minute < 5; minute++) await add(first, minute);
    expect(await end(first)).toMatch(/^the storage is unavailable; [\d,]+ bytes wait in the spool /);
    const status = JSON.parse(readFileSync(join(folder, 'status.json'), 'utf8')) as DeliveryStatus;
    expect(status.spoolingSince).not.toBeNull();
    expect(status.oldestMinute).toBe('2026-03-01T10:00:00.000Z');
    faulty.code = undefined;
    const second = await begin(faulty.account, folder);
    for (let minute = 3; minute < 8; minute++) await add(second, minute);
    expect(await end(second)).toBeUndefined();
    expect(await minutesOf(faulty.account)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(second.delivery.tuplesWritten).toBe(3);
    expect(second.delivery.status()).toMatchObject({ deliveredOfEarlier: 5, spoolBytes: 0 });
    expect(segments(folder)).toEqual([]);
  });

  test('a recorder that dies without a word loses nothing that it had handed over, and doubles nothing', async () => {
    faulty.loseAnswers = true;
    const first = await begin(faulty.account, folder);
    for (let minute = 0; minute < 10; minute++) await add(first, minute, block(minute, 0), block(minute, 1));
    // As after kill -9: nobody closes it, and its lock is of a process that is no more.
    writeFileSync(join(folder, 'lock'), JSON.stringify({ host: 'elsewhere', pid: 1, begun: '' }));
    const old = new Date(Date.now() - 60_000);
    utimesSync(join(folder, 'lock'), old, old);
    const second = await begin(faulty.account, folder);
    expect(await end(second)).toBeUndefined();
    await first.delivery.close();
    for (const nic of [0, 1])
      expect(await minutesOf(faulty.account, nic)).toEqual(Array.from({ length: 10 }, (_, n) => n));
  });

  test('a full spool keeps the oldest, drops the newest, and counts them by blob and minute; the count outlives the run', async () => {
    faulty.code = 'unavailable';
    const run = await begin(faulty.account, folder, { bytesMax: 3000 });
    const big = (minute: number): FlushedBlock => ({
      ...block(minute),
      bytes: Buffer.from(JSON.stringify({ minute, pad: 'x'.repeat(limits.deliveryBytesMax / 4) })),
    });
    for (let minute = 0; minute < 3; minute++) await add(run, minute);
    for (let minute = 3; minute < 9; minute++) await add(run, minute, big(minute));
    const { dropped, droppedBlobs } = run.delivery.status();
    expect(dropped.blocks).toBeGreaterThanOrEqual(3);
    expect(droppedBlobs).toMatchObject([{ container, blob: block(0).blob, lastMinute: '2026-03-01T10:08:00.000Z' }]);
    expect(run.sentences).toContain('the spool is full: the newest flushes are dropped and counted');
    expect(await end(run)).toContain('wait in the spool');
    expect(run.delivery.status().dropped.blocks).toBe(6);
    faulty.code = undefined;
    const second = await begin(faulty.account, folder, { bytesMax: 3000 });
    expect(second.delivery.status().dropped.blocks).toBe(6);
    expect(await end(second)).toBeUndefined();
    expect(await minutesOf(faulty.account)).toEqual([0, 1, 2]);
  });

  longTest('a capture is not read further while the spool is full, and nothing of it is dropped', async () => {
    const big = (minute: number): FlushedBlock => ({
      ...block(minute),
      bytes: Buffer.from(JSON.stringify({ minute, pad: 'x'.repeat(limits.deliveryBytesMax / 3) })),
    });
    faulty.code = 'unavailable';
    const hopeless = await begin(faulty.account, folder, { bytesMax: 1000, mayDrop: false });
    const fill = async (run: Run): Promise<void> => {
      for (let minute = 0; minute < 6; minute++) await add(run, minute, big(minute));
    };
    await expect(fill(hopeless)).rejects.toMatchObject({ code: 'unavailable' });
    expect(hopeless.delivery.status().dropped.blocks).toBe(0);
    await hopeless.delivery.close();
    await hopeless.spool?.close();
    expect(JSON.parse(readFileSync(join(folder, 'status.json'), 'utf8'))).toMatchObject({ dropped: { blocks: 0 } });
    const random = vi.spyOn(Math, 'random').mockReturnValue(0);
    const run = await begin(faulty.account, folder, { bytesMax: 1000, mayDrop: false, waitMillis: 30_000 });
    const filled = fill(run);
    await vi.waitFor(() => expect(run.delivery.status().spoolingSince).not.toBeNull());
    faulty.code = undefined;
    await filled;
    expect(await end(run)).toBeUndefined();
    expect(await minutesOf(faulty.account)).toEqual([0, 1, 2, 3, 4, 5]);
    random.mockRestore();
  });

  test('one account that is away does not hold up another', async () => {
    const other = new Faulty();
    faulty.code = 'unavailable';
    const run = await begin({ one: faulty.account, two: other.account }, folder);
    for (let minute = 0; minute < 20; minute++)
      await add(run, minute, block(minute, 0, 'one'), block(minute, 0, 'two'));
    await vi.waitFor(async () => expect(await minutesOf(other.account)).toHaveLength(20));
    expect(await end(run)).toContain('wait in the spool');
    expect(segments(folder)).toHaveLength(20);
    const again = await begin({ two: other.account }, folder);
    expect(again.sentences).toEqual([expect.stringContaining(`/${faulty.account.location}: they stay`)]);
    expect(await end(again)).toBeUndefined();
    expect(segments(folder)).toHaveLength(20);
    faulty.code = undefined;
    const last = await begin({ one: faulty.account, two: other.account }, folder);
    expect(await end(last)).toBeUndefined();
    expect(await minutesOf(faulty.account)).toHaveLength(20);
    expect(segments(folder)).toEqual([]);
  });

  test('blocks are not delivered to another account that took the same name', async () => {
    faulty.code = 'unavailable';
    const run = await begin(faulty.account, folder);
    await add(run, 0);
    await end(run);
    const other = new Faulty();
    const again = await begin(other.account, folder);
    await end(again);
    expect(segments(folder)).toHaveLength(1);
    expect(other.commits).toBe(0);
  });

  test('a blob of another form is set aside; the others go on, and the end says so', async () => {
    const inner = faulty.inner.container(container);
    const foreign = block(0, 7).blob;
    const id = Buffer.from('x'.repeat(33)).toString('base64');
    await inner.stageBlock(foreign, id, Buffer.from('{}'));
    await inner.commitBlocks(foreign, [id], undefined);
    const run = await begin(faulty.account, folder);
    for (let minute = 0; minute < 3; minute++) await add(run, minute, block(minute, 0), block(minute, 7));
    expect(await end(run)).toMatch(/was not written by nsgflow.*\/refused$/);
    expect(await minutesOf(faulty.account)).toEqual([0, 1, 2]);
    expect(run.delivery.status().refused.blocks).toBe(3);
    expect(segments(folder)).toEqual([]);
    const aside = readdirSync(join(folder, 'refused'));
    expect(aside.length).toBeGreaterThan(0);
    const second = await begin(faulty.account, folder);
    expect(await end(second)).toBeUndefined();
    expect(second.delivery.status()).toMatchObject({ refused: { blocks: 3 }, spoolBytes: 0 });
    expect(readdirSync(join(folder, 'refused'))).toEqual(aside);
    await inner.delete(foreign);
    const third = await begin(faulty.account, folder);
    await add(third, 3, block(3, 0), block(3, 7));
    expect(await end(third)).toBeUndefined();
    expect(await minutesOf(faulty.account, 7)).toEqual([0, 1, 2, 3]);
    expect(third.delivery.status()).toMatchObject({ refused: { blocks: 0, tuples: 0, bytes: 0 }, delivered: 5 });
    expect([segments(folder), readdirSync(join(folder, 'refused'))]).toEqual([[], []]);
  });

  test('a damaged segment is set aside, and the rest is delivered', async () => {
    faulty.code = 'unavailable';
    const run = await begin(faulty.account, folder);
    for (let minute = 0; minute < 4; minute++) await add(run, minute);
    await end(run);
    const [first, second, third] = segments(folder).sort();
    writeFileSync(join(folder, first), 'nsgflow-spool 1 00000000\n{}');
    writeFileSync(join(folder, second), readFileSync(join(folder, second)).subarray(0, -7));
    expect(third).toBeDefined();
    faulty.code = undefined;
    const again = await begin(faulty.account, folder);
    expect(await end(again)).toMatch(
      /000000000001-.* is damaged; its content is not delivered, and it is now in .*\/refused$/,
    );
    expect(again.sentences).toHaveLength(2);
    expect(await minutesOf(faulty.account)).toEqual([2, 3]);
    expect(readdirSync(join(folder, 'refused')).sort()).toEqual([first, second]);
    const last = await begin(faulty.account, folder);
    expect(last.delivery.status().damaged).toBe(2);
    expect(await end(last)).toBeUndefined();
  });

  test('a segment that is gone is told, and the rest is delivered', async () => {
    faulty.code = 'unavailable';
    const run = await begin(faulty.account, folder);
    for (let minute = 0; minute < 4; minute++) await add(run, minute);
    await end(run);
    for (const gone of [0, 1]) {
      faulty.code = gone === 0 ? 'unavailable' : undefined;
      const [spool, sentences] = [await Spool.open({ folder, bytesMax: 1 << 20, sync: false }), [] as string[]];
      rmSync(join(folder, spool.left[gone].name));
      const delivery = new Delivery({
        accountOf: () => faulty.account,
        spool,
        mayDrop: true,
        waitMillis: 0,
        onChange: (sentence) => sentences.push(sentence),
      });
      await delivery.begin();
      const left = await end({ delivery, spool, sentences });
      expect(sentences[0]).toMatch(/no such file or folder; its content is not delivered$/);
      if (gone === 1) expect(left).toBe(sentences[0]);
    }
    expect(await minutesOf(faulty.account)).toEqual([1, 3]);
    expect(segments(folder)).toEqual([]);
  });

  test('what is damaged is kept beside an earlier file of the same name', async () => {
    for (let round = 0; round < 2; round++) {
      faulty.code = 'unavailable';
      const run = await begin(faulty.account, folder);
      await add(run, 0);
      await end(run);
      writeFileSync(join(folder, segments(folder)[0]), `damage ${round}`);
      faulty.code = undefined;
      await end(await begin(faulty.account, folder));
    }
    const kept = readdirSync(join(folder, 'refused')).map((name) =>
      readFileSync(join(folder, 'refused', name), 'utf8'),
    );
    expect(kept.sort()).toEqual(['damage 0', 'damage 1']);
  });

  test('blocks that can neither be delivered nor set aside stay in the spool, and are delivered once they can be', async () => {
    const inner = faulty.inner.container(container);
    const foreign = block(0, 7).blob;
    const id = Buffer.from('x'.repeat(33)).toString('base64');
    await inner.stageBlock(foreign, id, Buffer.from('{}'));
    await inner.commitBlocks(foreign, [id], undefined);
    const run = await begin(faulty.account, folder);
    // No folder can be made there.
    writeFileSync(join(folder, 'refused'), '');
    for (let minute = 0; minute < 3; minute++) await add(run, minute, block(minute, 0), block(minute, 7));
    expect(await end(run)).toMatch(new RegExp(`was not written by nsgflow.* is in ${folder}$`));
    expect(segments(folder)).toHaveLength(3);
    expect(run.delivery.status()).toMatchObject({ refused: { blocks: 3 }, dropped: { blocks: 0 } });
    await inner.delete(foreign);
    const second = await begin(faulty.account, folder);
    expect(await end(second)).toBeUndefined();
    expect(await minutesOf(faulty.account, 7)).toEqual([0, 1, 2]);
    expect(await minutesOf(faulty.account)).toEqual([0, 1, 2]);
    expect(segments(folder)).toEqual([]);
  });

  test('a spool that cannot be written is told once, and what is in memory is delivered', async () => {
    const run = await begin(faulty.account, folder);
    mkdirSync(join(folder, 'segment.new'));
    for (let minute = 0; minute < 3; minute++) await add(run, minute);
    rmdirSync(join(folder, 'segment.new'));
    await add(run, 3);
    mkdirSync(join(folder, 'segment.new'));
    await add(run, 4);
    rmdirSync(join(folder, 'segment.new'));
    expect(await end(run)).toBeUndefined();
    const told = expect.stringMatching(/cannot write to the spool .*; flushes wait in memory/) as string;
    expect(run.sentences).toEqual([told, told]);
    expect(await minutesOf(faulty.account)).toEqual([0, 1, 2, 3, 4]);
  });

  test('that could not be opened is free for the next try of the same process', async () => {
    mkdirSync(join(folder, 'segment.new'), { recursive: true });
    await expect(begin(faulty.account, folder)).rejects.toMatchObject({ code: 'io' });
    rmdirSync(join(folder, 'segment.new'));
    await end(await begin(faulty.account, folder));
  });

  test('its status is written by one at a time, and has what came soon after a writing', async () => {
    const spool = await Spool.open({ folder, bytesMax: 1 << 20, sync: false });
    let underWay = 0;
    let most = 0;
    const write = spool.writeStatus.bind(spool);
    vi.spyOn(spool, 'writeStatus').mockImplementation(async (status) => {
      most = Math.max(most, ++underWay);
      await write(status);
      underWay--;
    });
    const state = new DeliveryState({ accountOf: () => faulty.account, spool, mayDrop: true, waitMillis: 0 }, () => ({
      ...emptyStatus,
      ...state.lost(),
    }));
    const saved = (): { dropped: { blocks: number } } =>
      JSON.parse(readFileSync(join(folder, 'status.json'), 'utf8')) as { dropped: { blocks: number } };
    const first = state.saveStatus(true);
    state.drop(startMillis, [block(0)]);
    await Promise.all([first, state.saveStatus(true), state.saveStatus(true)]);
    expect(most).toBe(1);
    expect(saved().dropped.blocks).toBe(1);
    state.drop(startMillis, [block(1)]);
    await vi.waitFor(() => expect(saved().dropped.blocks).toBe(2), 30_000);
    expect(state.underWay).toBe(0);
    await spool.close();
  });

  test('has one recorder at a time', async () => {
    const run = await begin(faulty.account, folder);
    await expect(begin(faulty.account, folder)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('is in use by process') as string,
    });
    await end(run);
    await end(await begin(faulty.account, folder));
  });

  test('a name of a container that is none ends the recording with its own code', async () => {
    const run = await begin(faulty.account, folder);
    run.delivery.add([{ ...block(0), container: 'No Name' }], startMillis);
    await expect(run.delivery.finish()).rejects.toMatchObject({ code: 'usage' });
    await run.delivery.close();
    await run.spool?.close();
  });
});

describe('delivery without a spool', () => {
  test('waits for storage that comes back in time', async () => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0);
    const faulty = new Faulty();
    faulty.code = 'unavailable';
    const run = await begin(faulty.account, undefined, { mayDrop: false, waitMillis: 30_000 });
    run.delivery.add([block(0)], startMillis);
    const ended = end(run);
    await sleep(100);
    faulty.code = undefined;
    expect(await ended).toBeUndefined();
    expect(await minutesOf(faulty.account)).toEqual([0]);
    random.mockRestore();
  });

  test('ends with why storage is away, and at once where waiting would not help', async () => {
    for (const code of ['unavailable', 'authentication', 'disk-full', 'blob-conflict'] as const) {
      const faulty = new Faulty();
      faulty.code = code;
      const run = await begin(faulty.account, undefined, { mayDrop: false });
      run.delivery.add([block(0)], startMillis);
      await expect(run.delivery.finish()).rejects.toMatchObject({ code });
      await run.delivery.close();
    }
  });
});
