import { describe, expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { minuteMillis } from '../../src/base/time.ts';
import { singleNicNetwork } from '../../src/nsg/network.ts';
import type { FlowLogSettings } from '../../src/record/recording-settings.ts';
import { Timeline } from '../../src/record/timeline.ts';

const minute = Date.UTC(2026, 10, 20, 10);
const always = Number.POSITIVE_INFINITY;
const ever = Number.NEGATIVE_INFINITY;

function log(id: string, format: FlowLogSettings['format'] = 'nsg2'): FlowLogSettings {
  return { id, guid: '', targetId: `/nsgs/${id}`, format, storage: 'logs' };
}

/** `id format from-until from-until`, in seconds after the minute. */
function spansOf(timeline: Timeline): string[] | undefined {
  const text = (millis: number): string => (Number.isFinite(millis) ? String((millis - minute) / 1000) : '');
  return timeline
    .flowLogs(minute)
    ?.map(({ id, format, spans }) =>
      [
        id,
        format,
        ...(spans ?? []).map(({ fromMillis, untilMillis }) => `${text(fromMillis)}-${text(untilMillis)}`),
      ].join(' '),
    );
}

describe('the flow logs of a timeline', () => {
  test('of the start are on at all times, and are not told again', () => {
    const timeline = new Timeline([log('a')]);
    expect(spansOf(timeline)).toBeUndefined();
    timeline.setFlowLog(minute + 5000, 'b', log('b'));
    expect(spansOf(timeline)).toEqual(['a nsg2', 'b nsg2 5-']);
    expect(spansOf(timeline)).toBeUndefined();
  });

  test('have a span for each time that they were on, in either casing of their ids', () => {
    const timeline = new Timeline([log('a')]);
    timeline.setFlowLog(minute + 1000, 'A', undefined);
    timeline.setFlowLog(minute + 2500, 'a', log('a'));
    timeline.setFlowLog(minute + 3000, 'a', log('a'));
    timeline.setFlowLog(minute + 4000, 'a', log('a', 'nsg1'));
    timeline.setFlowLog(minute + 5000, 'a', undefined);
    timeline.setFlowLog(minute + 6000, 'a', undefined);
    expect(spansOf(timeline)).toEqual(['a nsg2 -1 2.5-4', 'a nsg1 4-5']);
  });

  test('are switched no earlier than they were before, and after what was written at that time', () => {
    const timeline = new Timeline([]);
    timeline.setFlowLog(minute + 5000, 'a', log('a'));
    timeline.setFlowLog(minute + 3000, 'a', undefined);
    timeline.flowLogs(minute + 9000);
    timeline.setFlowLog(minute + 9000, 'b', log('b'));
    expect(spansOf(timeline)).toEqual(['a nsg2 5-5', 'b nsg2 9.001-']);
  });

  test('that are on when the clock goes back are on for all that comes', () => {
    const timeline = new Timeline([]);
    timeline.configure(minute);
    timeline.setFlowLog(minute + 1000, 'a', log('a'));
    timeline.setFlowLog(minute + 2000, 'b', log('b'));
    timeline.setFlowLog(minute + 3000, 'b', undefined);
    expect(timeline.configure(minute - 20 * minuteMillis)).toBeUndefined();
    expect(spansOf(timeline)).toEqual(['a nsg2']);
  });

  test('that were off for long are forgotten', () => {
    const timeline = new Timeline([log('a'), log('b')]);
    timeline.setFlowLog(minute, 'a', undefined);
    timeline.configure(minute + limits.flowLogSpansMillis);
    timeline.setFlowLog(minute + 1000, 'b', undefined);
    expect(spansOf(timeline)).toEqual(['a nsg2 -0', 'b nsg2 -1']);
    timeline.configure(minute + limits.flowLogSpansMillis + minuteMillis);
    timeline.setFlowLog(minute + 2000, 'b', log('b'));
    expect(spansOf(timeline)).toEqual(['b nsg2 2-']);
  });

  test('are switched however often with bounded memory', () => {
    const timeline = new Timeline([]);
    for (let i = 0; i < 2.5 * limits.flowLogSpansMax; i++) {
      timeline.setFlowLog(minute + 2 * i, 'a', log('a', i % 2 === 0 ? 'nsg2' : 'nsg1'));
      timeline.setFlowLog(minute + 2 * i + 1, 'a', undefined);
    }
    const spans = timeline.flowLogs(minute)!.flatMap((settings) => settings.spans ?? []);
    expect(spans.length).toBeLessThanOrEqual(limits.flowLogSpansMax);
    expect(spans.at(-1)?.fromMillis).toBe(minute + 5 * limits.flowLogSpansMax - 2);
  });
});

describe('the networks of a timeline', () => {
  const [first, second, third] = [1, 2, 3].map(() => singleNicNetwork(undefined));

  test('are in force from the first whole minute that begins at or after they were set', () => {
    const timeline = new Timeline([]);
    timeline.configure(minute);
    timeline.setNetwork(minute + 1, () => first);
    timeline.setNetwork(minute + 59_000, () => second);
    timeline.setNetwork(minute + 60_001, () => third);
    expect(timeline.configure(minute)).toBeUndefined();
    expect(timeline.configure(minute + minuteMillis)?.network).toBe(second);
    expect(timeline.configure(minute + minuteMillis)).toBeUndefined();
    timeline.setNetwork(minute + 3 * minuteMillis, () => first);
    expect(timeline.configure(minute + 3 * minuteMillis)?.network).toBe(first);
  });

  test('that were set before the clock went back are in force at once', () => {
    const timeline = new Timeline([]);
    timeline.configure(minute);
    timeline.setNetwork(minute + 1, () => second);
    expect(timeline.configure(minute - 20 * minuteMillis)?.network).toBe(second);
  });
});

test('a span ends at infinity until it has ended', () => {
  const timeline = new Timeline([log('a')]);
  timeline.setFlowLog(minute, 'a', log('a', 'nsg1'));
  expect(timeline.flowLogs(minute)?.map(({ spans }) => spans)).toEqual([
    [{ fromMillis: ever, untilMillis: minute }],
    [{ fromMillis: minute, untilMillis: always }],
  ]);
});
