/** Functions of arrays and bags. */
import type { Expression } from '../../relation/expression.ts';
import { call, whole, yes } from '../../relation/expression.ts';
import type { FunctionName } from '../../relation/functions.ts';
import { ticksOf } from '../../relation/values/timespan.ts';
import { convert, emptyText, literalOf, typed } from './convert.ts';
import { custom, direct, variadic } from './define.ts';
import type { KqlContext, KqlFunction, Typed } from './kinds.ts';

const many = Infinity;

const dynamics = (args: readonly Typed[], context: KqlContext): Expression[] =>
  args.map((one) => convert(one, 'dynamic', context));

const bagPack = custom([2, many], 'a bag of names and values in turn', (args, context) => {
  if (args.length % 2 !== 0) return context.refuse('bag_pack takes pairs of a name and a value');
  return typed(
    'dynamic',
    call(
      'bag_pack',
      ...args.flatMap((one, i) => [
        i % 2 === 0 ? call('text_dynamic', convert(one, 'string', context)) : convert(one, 'dynamic', context),
      ]),
    ),
  );
});

const packArray = custom([1, many], 'an array of the arguments', (args, context) =>
  typed('dynamic', call('array_pack', ...dynamics(args, context))),
);

/** The last argument may say where nulls stand. */
const sorted = (about: string, of: FunctionName): KqlFunction =>
  custom([1, 65], about, (args, context) => {
    const last = args[args.length - 1];
    const isFlagged = args.length > 1 && last.type === 'bool';
    const arrays = isFlagged ? args.slice(0, -1) : args;
    return typed('dynamic', call(of, isFlagged ? last.value : yes, ...dynamics(arrays, context)));
  });

const rotated = (about: string, sign: 1 | -1): KqlFunction =>
  direct(about, ['dynamic', 'long'], 'dynamic', (of, by) =>
    call('array_rotate', of, sign === 1 ? by : call('subtract', whole(0), by)),
  );

const moved = (about: string, sign: 1 | -1): KqlFunction =>
  custom([2, 3], about, ([of, count, filler], context) => {
    const by = convert(count, 'long', context);
    const value = filler === undefined ? literalOf(null, 'dynamic') : convert(filler, 'dynamic', context);
    return typed('dynamic', call('array_shift', of.value, sign === 1 ? by : call('subtract', whole(0), by), value));
  });

const indexOf = custom(
  [2, 5],
  'the place of a value in an array, from 0; -1 if it is not found',
  ([of, value, ...rest], context) => {
    const [start, length, occurrence] = [0, -1, 1].map((otherwise, i) =>
      rest[i] === undefined ? whole(otherwise) : convert(rest[i], 'long', context),
    );
    return typed(
      'long',
      call(
        'array_index',
        convert(of, 'dynamic', context),
        convert(value, 'dynamic', context),
        start,
        length,
        occurrence,
      ),
    );
  },
);

/** Arrays of numbers, of datetimes and of timespans. */
const range = custom(
  [2, 3],
  'an array of the numbers, datetimes or timespans from the first to the second, by steps',
  ([from, to, step], context) => {
    const isTimed = from.type === 'datetime' || from.type === 'timespan';
    if (!isTimed) {
      const by = step === undefined ? literalOf('1', 'dynamic') : convert(step, 'dynamic', context);
      return typed(
        'dynamic',
        call('array_range', convert(from, 'dynamic', context), convert(to, 'dynamic', context), by),
      );
    }
    const ticks = (of: Typed): Expression => call('long_dynamic', convert(of, 'long', context));
    const width =
      step === undefined
        ? literalOf(String(from.type === 'datetime' ? ticksOf.day : ticksOf.hour), 'dynamic')
        : ticks(step);
    return typed(
      'dynamic',
      call(
        'array_of_ticks',
        call('array_range', ticks(from), ticks(to), width),
        literalOf(from.type === 'datetime', 'bool'),
      ),
    );
  },
);

const iff = custom(3, 'for each condition of an array the value of one array or of another', (args, context) =>
  typed('dynamic', call('array_iff', ...dynamics(args, context))),
);

const toJson = custom(1, 'the JSON text of a dynamic value', ([of], context) =>
  typed('string', call('coalesce', call('json_sorted', convert(of, 'dynamic', context)), emptyText)),
);

export const dynamicFunctions: Readonly<Record<string, KqlFunction>> = {
  pack: bagPack,
  bag_pack: bagPack,
  pack_dictionary: bagPack,
  pack_array: packArray,
  array_length: direct('the number of elements; null of what is no array', ['dynamic'], 'long', 'array_length'),
  arraylength: direct('as `array_length`', ['dynamic'], 'long', 'array_length'),
  array_concat: variadic('the elements of all arrays as one array', [1, 64], 'dynamic', 'dynamic', 'array_concat'),
  array_slice: direct(
    'the elements from one place to another, both included; below 0 places count from the end',
    ['dynamic', 'long', 'long'],
    'dynamic',
    'array_slice',
  ),
  array_split: custom(2, 'an array cut before these places, as an array of arrays', ([of, at], context) =>
    typed('dynamic', call('array_split', of.value, convert(at, 'dynamic', context))),
  ),
  array_sort_asc: sorted('an array in order, and others in the same order; nulls last', 'array_sort_asc'),
  array_sort_desc: sorted('an array in descending order, and others in the same order; nulls last', 'array_sort_desc'),
  array_index_of: indexOf,
  array_sum: direct('the sum of an array of numbers', ['dynamic'], 'real', 'array_sum'),
  array_reverse: direct('an array from its end to its start', ['dynamic'], 'dynamic', 'array_reverse'),
  array_rotate_left: rotated('an array turned to the left', 1),
  array_rotate_right: rotated('an array turned to the right', -1),
  array_shift_left: moved('an array moved to the left; what becomes free is null or the third argument', 1),
  array_shift_right: moved('an array moved to the right; what becomes free is null or the third argument', -1),
  array_iff: iff,
  array_iif: iff,
  repeat: custom(2, 'an array of a value so many times', ([of, count], context) =>
    typed('dynamic', call('array_repeat', convert(of, 'dynamic', context), convert(count, 'long', context))),
  ),
  range,
  zip: variadic('arrays of the elements that stand at the same place', [2, 64], 'dynamic', 'dynamic', 'array_zip'),
  set_union: variadic('the different elements of all arrays', [2, 64], 'dynamic', 'dynamic', 'set_union'),
  set_intersect: variadic('the elements that all arrays have', [2, 64], 'dynamic', 'dynamic', 'set_intersect'),
  set_difference: variadic(
    'the elements of the first array that no other has',
    [2, 64],
    'dynamic',
    'dynamic',
    'set_difference',
  ),
  set_has_element: custom(2, 'whether an array has an element', ([of, value], context) =>
    typed('bool', call('set_has', of.value, convert(value, 'dynamic', context))),
  ),
  set_equals: direct(
    'whether two arrays have the same different elements',
    ['dynamic', 'dynamic'],
    'bool',
    'set_equals',
  ),
  jaccard_index: direct(
    'the size of the intersection of two arrays divided by that of their union',
    ['dynamic', 'dynamic'],
    'real',
    'jaccard_index',
  ),
  bag_keys: direct('the names of a bag, as an array', ['dynamic'], 'dynamic', 'bag_keys'),
  bag_has_key: direct('whether a bag has a name', ['dynamic', 'string'], 'bool', 'bag_has_key'),
  bag_merge: variadic(
    'the members of all bags; of a name that occurs twice the first counts',
    [2, 64],
    'dynamic',
    'dynamic',
    'bag_merge',
  ),
  bag_remove_keys: direct('a bag without the names of an array', ['dynamic', 'dynamic'], 'dynamic', 'bag_remove_keys'),
  bag_set_key: custom(3, 'a bag with a further member', ([of, key, value], context) =>
    typed(
      'dynamic',
      call('bag_set_key', of.value, convert(key, 'string', context), convert(value, 'dynamic', context)),
    ),
  ),
  bag_zip: direct('a bag of an array of names and one of values', ['dynamic', 'dynamic'], 'dynamic', 'bag_zip'),
  treepath: direct('the paths of all members of a dynamic value', ['dynamic'], 'dynamic', 'treepath'),
  dynamic_to_json: toJson,
};
