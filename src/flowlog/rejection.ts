import { limits } from '../base/limits.ts';
import type { Rejection } from './record.ts';

/** Why bytes of a flow log could not be used. */
export const rejectionReasons = {
  truncated: 'The input ends inside a record.',
  syntax: 'Bytes that are no JSON; reading went on behind them.',
  'tuple-malformed': 'A tuple of which a field cannot be read.',
  'tuples-misplaced': 'Tuples under a key that no flow log has.',
  'text-malformed': 'A text with an escape that JSON does not have; taken as it stands.',
  'flows-unreadable': 'A value under a key that holds flows in flow logs, of a type that it never has there.',
  'field-unreadable': 'A field of a record that cannot be read; the record is kept without it.',
  'counter-too-large': 'A counter of 2^63 or more; the tuple is kept without it.',
  'encryption-unknown': 'An encryption state that is not known; the tuple is kept without it.',
  'not-a-flow-record': 'An object that is not a flow log record.',
  'nested-too-deep': 'Objects or arrays nested deeper than any flow log.',
  'too-many': 'More rejections than are kept; this range covers the rest.',
} as const satisfies Record<string, string>;

export type RejectionReason = keyof typeof rejectionReasons;

/** Adds a range. Beyond `limits.rejectionsMax` the last rejection is stretched over all that follow. */
export function reject(
  rejections: Rejection[],
  startByte: number,
  endByte: number,
  reason: RejectionReason,
  detail: string = rejectionReasons[reason],
): void {
  if (rejections.length < limits.rejectionsMax) {
    rejections.push({ startByte, endByte, reason, detail });
    return;
  }
  const last = rejections[rejections.length - 1];
  rejections[rejections.length - 1] = {
    startByte: last.startByte,
    endByte: Math.max(last.endByte, endByte),
    reason: 'too-many',
    detail: rejectionReasons['too-many'],
  };
}
