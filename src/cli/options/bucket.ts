import { dayMillis, hourMillis, minuteMillis } from '../../base/time.ts';

/** The most buckets of a series without --bucket. */
export const bucketsDefault = 60;

const widths = [1, 5, 10, 30]
  .map((seconds) => seconds * 1000)
  .concat([1, 5, 10, 30].map((minutes) => minutes * minuteMillis))
  .concat([1, 3, 6, 12].map((hours) => hours * hourMillis))
  .concat([1, 7, 28].map((days) => days * dayMillis));

/** The narrowest round width with which a time has no more than `most` buckets. */
export function bucketWidthOf(spanMillis: number, most = bucketsDefault): number {
  return widths.find((width) => spanMillis / width <= most) ?? Math.ceil(spanMillis / most / dayMillis) * dayMillis;
}
