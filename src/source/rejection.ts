import type { Rejection } from '../flowlog/record.ts';

/** Bytes of a blob that are not used, and why. */
export interface BlobRejection extends Rejection {
  /** Path or URL. */
  readonly blob: string;
}

/** `PATH, bytes 10 to 42: reason: detail` */
export function describeRejection({ blob, startByte, endByte, reason, detail }: BlobRejection): string {
  return `${blob}, bytes ${startByte} to ${endByte}: ${reason}: ${detail}`;
}
