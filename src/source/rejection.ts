import type { Rejection } from '../flowlog/record.ts';

/** Unusable bytes of a blob, and the reason. */
export interface BlobRejection extends Rejection {
  /** Path or URL. */
  readonly blob: string;
}

/** `PATH, bytes 10 to 42: reason: detail` */
export function describeRejection({ blob, startByte, endByte, reason, detail }: BlobRejection): string {
  return `${blob}, bytes ${startByte} to ${endByte}: ${reason}: ${detail}`;
}
