import { limits } from '../base/limits.ts';
import type { Rejection } from './record.ts';

/** Why bytes of a flow log could not be used. */
export const rejectionReasons = {
  truncated: 'The input ends inside a record.',
  syntax: 'Bytes that are not JSON; reading continued after them.',
  'tuple-malformed': 'A tuple with a field that cannot be read.',
  'tuples-misplaced': 'Tuples under a key that flow logs do not have.',
  'text-malformed': 'A text with an invalid JSON escape; kept unchanged.',
  'flows-unreadable': 'The value of a key for flows has the wrong type.',
  'field-unreadable': 'A field of a record that cannot be read; the record is kept without it.',
  'counter-too-large': 'A counter of 2^63 or more; the tuple is kept without it.',
  'encryption-unknown': 'An unknown encryption state; the tuple is kept without it.',
  'not-a-flow-record': 'An object that is not a flow log record.',
  'nested-too-deep': 'Objects or arrays nested deeper than any flow log.',
  'too-many': 'More rejections than are kept; this range covers the rest.',
} as const satisfies Record<string, string>;

export type RejectionReason = keyof typeof rejectionReasons;

/** Adds a range. Beyond `limits.rejectionsMax`, the last rejection is extended over all later ones. */
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
