import { expect, test } from 'vitest';
import { bytes, carefulPercent, change, exact, numberOf, short } from '../../web/src/format/number.ts';
import { age, duration, stepText } from '../../web/src/format/time.ts';

test('short numbers have three digits and an SI unit, and round up into the next one', () => {
  expect(short(999)).toEqual({ value: '999', unit: '' });
  expect(short(999_600)).toEqual({ value: '1.00', unit: 'M' });
  expect(short(1_091_234)).toEqual({ value: '1.09', unit: 'M' });
  expect(bytes(38_600_000_000)).toBe('38.6 GB');
  expect(bytes(0)).toBe('0 B');
  expect(short(0.034)).toEqual({ value: '0.03', unit: '' });
});

test('a share is the whole, or nothing, only where it is', () => {
  expect([1, 0.99999, 0.997, 0.0001, 0].map(carefulPercent)).toEqual(['100 %', '99.9 %', '99.7 %', '< 0.1 %', '0.0 %']);
});

test('a change is a percent, a factor, new or gone', () => {
  expect([change(109, 100), change(94, 10), change(93, 100), change(5, 0), change(0, 5), change(0, 0)]).toEqual([
    '+9.0 %',
    '× 9.4',
    '−7.0 %',
    'new',
    'gone',
    '=',
  ]);
});

test('nothing counted is not zero, and digits beyond 2^53 are a number', () => {
  expect(numberOf(null)).toBeUndefined();
  expect(numberOf('18446744073709551615')).toBe(18_446_744_073_709_552_000);
  expect(numberOf(0)).toBe(0);
  expect(exact(1_234_567)).toBe('1,234,567');
});

test('durations have two units, ages one', () => {
  expect(duration(752_000)).toBe('12 min 32 s');
  expect(duration(6 * 3_600_000)).toBe('6 h');
  expect(duration(250)).toBe('250 ms');
  expect([age(41), age(840), age(10_000), age(864_000)]).toEqual(['41 s', '14 min', '3 h', '10 days']);
  expect([stepText(180_000), stepText(5000), stepText(3_600_000)]).toEqual([
    '3-minute steps',
    '5-second steps',
    '1-hour steps',
  ]);
});
