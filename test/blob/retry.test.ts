import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Container } from '../../src/blob/container.ts';
import { openStorage } from '../../src/blob/open.ts';
import { retryAfterMillis, withRetries } from '../../src/blob/retry.ts';

// Pauses are asked for and not waited for.
vi.mock('node:timers/promises', { spy: true });
beforeEach(() => void vi.mocked(sleep).mockReset().mockResolvedValue(undefined));

/** A service that answers as told, one answer a request. */
async function serviceThat(
  answer: (request: IncomingMessage, response: ServerResponse, count: number) => void,
): Promise<Container> {
  let count = 0;
  const server = createServer((request, response) => {
    request.resume();
    answer(request, response, ++count);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  ends.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const environment = { AZURE_STORAGE_CONNECTION_STRING: 'AccountName=devstoreaccount1;AccountKey=a2V5' };
  return (await openStorage(`http://127.0.0.1:${port}/devstoreaccount1`, { environment })).container('logs');
}

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const end of ends.splice(0)) await end();
});

const blob = {
  etag: '"0x1"',
  'last-modified': new Date(0).toUTCString(),
  'x-ms-blob-type': 'BlockBlob',
  'x-ms-version': '2026-01-01',
};

describe('an operation on a service that fails', () => {
  test('is tried again after the pause that the service asks for', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const container = await serviceThat((_, response, count) => {
      if (count === 1) response.writeHead(503, { 'retry-after': '1', 'x-ms-error-code': 'ServerBusy' }).end();
      else if (count === 2) response.writeHead(429).end();
      else response.writeHead(200, { ...blob, 'content-length': 3 }).end();
    });
    expect(await container.properties('a')).toMatchObject({ lengthBytes: 3 });
    expect(vi.mocked(sleep).mock.calls).toEqual([[1000], [0]]);
  });

  test('is given up at once when the service asks for a longer pause than there is time, and says how long', async () => {
    let asked = 0;
    const container = await serviceThat((_, response) => {
      asked++;
      response.writeHead(503, { 'retry-after': '120', 'x-ms-error-code': 'ServerBusy' }).end();
    });
    const error: unknown = await container.properties('a').catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'unavailable' });
    expect([asked, retryAfterMillis(error)]).toEqual([1, 120_000]);
  });

  test('takes seconds, milliseconds and dates for a pause, none of them longer than ten minutes', () => {
    const asked = (headers: Record<string, string>): number | undefined =>
      retryAfterMillis({ response: { headers: { get: (name: string) => headers[name] } } });
    expect(asked({})).toBeUndefined();
    expect(asked({ 'retry-after': 'soon' })).toBeUndefined();
    expect(asked({ 'retry-after': '7' })).toBe(7000);
    expect(asked({ 'retry-after': '7', 'x-ms-retry-after-ms': '250' })).toBe(250);
    expect(asked({ 'retry-after': new Date(0).toUTCString() })).toBe(0);
    expect(asked({ 'retry-after': '99999999999999999999' })).toBe(600_000);
    expect(asked({ 'retry-after': new Date(4e12).toUTCString() })).toBe(600_000);
  });

  test('is tried four times, with random pauses', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.01);
    let asked = 0;
    const container = await serviceThat((request) => {
      asked++;
      request.socket.destroy();
    });
    await expect(container.properties('a')).rejects.toMatchObject({ code: 'unavailable' });
    expect(asked).toBe(4);
  });

  test('is not tried again when another try would fail as well', async () => {
    for (const [status, code] of [
      [403, 'AuthenticationFailed'],
      [409, 'BlobImmutableDueToPolicy'],
      [412, 'ConditionNotMet'],
      [400, 'InvalidInput'],
    ] as const) {
      let asked = 0;
      const container = await serviceThat((_, response) => {
        asked++;
        response.writeHead(status, { 'x-ms-error-code': code }).end();
      });
      await expect(container.properties('a')).rejects.toThrow(String(status));
      expect(asked).toBe(1);
    }
  });

  test('gives up when its time is over', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    let tries = 0;
    const never = async (): Promise<never> => {
      tries++;
      throw Object.assign(new Error('reset'), { name: 'RestError', code: 'ECONNRESET' });
    };
    // The pause would be 250 ms.
    await expect(withRetries(50, never)).rejects.toThrow('reset');
    expect([tries, vi.mocked(sleep).mock.calls]).toEqual([1, []]);
  });
});

describe('a download that breaks off', () => {
  const content = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251));

  /** Serves ranges of `content`, at most `most` bytes of each announced length. */
  function serve(request: IncomingMessage, response: ServerResponse, most: number, etag = blob.etag): void {
    const range = /bytes=(\d+)-(\d*)/.exec(String(request.headers['x-ms-range'] ?? request.headers['range'] ?? ''));
    const start = Number(range?.[1] ?? 0);
    const end = range?.[2] === undefined || range[2] === '' ? content.length : Number(range[2]) + 1;
    const part = content.subarray(start, end);
    response.writeHead(range === null ? 200 : 206, {
      ...blob,
      etag,
      'content-length': part.length,
      'content-range': `bytes ${start}-${start + part.length - 1}/${content.length}`,
    });
    if (part.length <= most) response.end(part);
    else response.write(part.subarray(0, most), () => setTimeout(() => request.socket.destroy(), 20));
  }

  test('goes on where it broke off', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const ranges: unknown[] = [];
    const container = await serviceThat((request, response) => {
      ranges.push(request.headers['x-ms-range'], request.headers['if-match']);
      serve(request, response, 40_000);
    });
    const { bytes } = await container.read('a');
    expect(Buffer.compare(bytes, content)).toBe(0);
    expect(ranges).toEqual([undefined, undefined, 'bytes=40000-', blob.etag, 'bytes=80000-', blob.etag]);
  });

  test('begins again when the blob has changed meanwhile', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const container = await serviceThat((request, response, count) => {
      if (count === 2) response.writeHead(412, { 'x-ms-error-code': 'ConditionNotMet' }).end();
      else serve(request, response, count === 1 ? 40_000 : content.length, count === 1 ? '"0x1"' : '"0x2"');
    });
    const read = await container.read('a', 10, 90_000);
    expect(Buffer.compare(read.bytes, content.subarray(10, 90_000))).toBe(0);
    expect(read.etag).toBe('"0x2"');
  });
});
