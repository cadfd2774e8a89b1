// Writes the memory layout of a module of kernel/ for both sides, from the one table `kernel/<module>/layout.mjs`:
//
//   kernel/<module>/memory.ts   columns and structs by name, for AssemblyScript
//   src/…/…-layout.ts           the same memory as typed arrays
//   kernel/base/arrays.ts       the arrays of all modules, for AssemblyScript
//
// A table has, in this order in memory:
//
//   start      where its memory begins; absent for a module with memory of its own
//   gapBytes   between columns, 0 if absent
//   constants  [name, value, doc]
//   structs    { Name: { doc, fields: [name, type, doc] … , lengthBytes } }; a field is a number, an `Address`, or a struct that stands before
//   columns    [name, type, count, doc, { set, member, also }]: `count` values of a number type, of `Address`, or of a struct; the count is a number or the
//              name of a constant. A struct whose count is 1 is an object, all else an array. Columns of one `set` are members of one object there. `also` are
//              other columns in the same memory, which is used for one of them at a time.
//   rooms      names of counts that the host says when it makes the memory
//   held       [name, type, room, doc, { each }]: columns of `each` values, 1 if absent, for each of the room's count. The kernel places them in
//              `makeRoom`, the host in `placeHeld`.
//
// Columns follow each other. So a new column or field is one line of the table.

const numbers = {
  bool: { bytes: 1, array: 'Uint8Array' },
  u8: { bytes: 1, array: 'Uint8Array' },
  u16: { bytes: 2, array: 'Uint16Array' },
  u32: { bytes: 4, array: 'Uint32Array' },
  i32: { bytes: 4, array: 'Int32Array' },
  f64: { bytes: 8, array: 'Float64Array' },
  u64: { bytes: 8, array: 'BigUint64Array' },
  i64: { bytes: 8, array: 'BigInt64Array' },
};
/** The first bytes of memory are not used: address 0 means nothing. */
const memoryStart = 1024;
const pageBytes = 65_536;
const addressBytes = 16;
const wordBytes = 4;
/** Each column begins with a cache line. */
const columnAlignBytes = 64;

/** The table with places: of each column and each field `at`, in bytes. */
export function placeLayout({
  start = memoryStart,
  gapBytes = 0,
  constants = [],
  structs = {},
  columns,
  rooms = [],
  held = [],
  ...rest
}) {
  const placedStructs = [];
  for (const [name, struct] of Object.entries(structs)) placedStructs.push(placeStruct(name, struct, placedStructs));
  const values = new Map(constants.map(([name, value]) => [name, value]));
  let end = start;
  const place = ([name, type, count, doc, { set, member } = {}], at) => {
    const { struct, bytes } = typeOf(type, placedStructs);
    const rows = typeof count === 'number' ? count : values.get(count);
    if (rows === undefined) throw new Error(`${name}: ${count} is not a constant of the table`);
    return { name, type, struct, count, rows, doc, bytes, at, set, member };
  };
  const placed = columns.flatMap((column) => {
    const first = place(column, roundUp(end === start ? end : end + gapBytes, columnAlignBytes));
    end = first.at + first.bytes * first.rows;
    const others = (column[4]?.also ?? []).map((other) => place(other, first.at));
    for (const { name, bytes, rows } of others)
      if (bytes * rows > first.bytes * first.rows) throw new Error(`${name} is longer than ${first.name}`);
    return [first, ...others];
  });
  return {
    ...rest,
    constants,
    structs: placedStructs,
    columns: placed,
    rooms,
    held: held.map(([name, type, room, doc, { each = 1 } = {}]) => {
      if (!rooms.includes(room)) throw new Error(`${name}: ${room} is not a room of the table`);
      return { name, type, room, doc, each, ...typeOf(type, placedStructs) };
    }),
    heldStart: roundUp(end, columnAlignBytes),
    memoryLength: roundUp(end, pageBytes),
  };
}

function typeOf(type, structs) {
  const struct = structs.find(({ name }) => name === type);
  return { struct, bytes: type === 'Address' ? addressBytes : (struct?.lengthBytes ?? numbers[type].bytes) };
}

function placeStruct(name, { doc, fields, lengthBytes }, structs) {
  let end = 0;
  const placed = fields.map(([field, type, doc]) => {
    const { struct: inner, bytes } = typeOf(type, structs);
    const unit = inner ? wordBytes : Math.min(bytes, 8);
    const at = roundUp(end, unit);
    end = at + bytes;
    return {
      name: field,
      type,
      doc,
      bytes,
      at,
      unit: type === 'Address' ? wordBytes : unit,
      isObject: !(type in numbers),
    };
  });
  if (lengthBytes !== undefined && end > lengthBytes) throw new Error(`${name} has ${end} bytes`);
  return {
    name,
    doc,
    fields: placed,
    lengthBytes: lengthBytes ?? roundUp(end, Math.max(...placed.map(({ unit }) => unit))),
  };
}

function roundUp(value, unit) {
  return Math.ceil(value / unit) * unit;
}

/** Both files: `{ path: text }`. */
export function layoutFiles(folder, table) {
  const layout = placeLayout(table);
  return { [`kernel/${folder}/memory.ts`]: kernelFile(folder, layout), [layout.host]: hostFile(folder, layout) };
}

function number(value) {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, value > 9999 ? '_' : '');
}

function made(folder) {
  return `// Made by scripts/build-kernel.mjs from kernel/${folder}/layout.mjs.`;
}

function constantLines({ constants, memoryLength }, type = '') {
  return [
    ...constants.flatMap(([name, value, doc]) => [`/** ${doc} */`, `export const ${name}${type} = ${number(value)};`]),
    '/** Bytes of the whole memory. */',
    `export const memoryLength${type} = ${number(memoryLength)};`,
  ];
}

function hostFile(folder, layout) {
  const { constants, structs, columns } = layout;
  const sets = new Set(columns.map(({ set }) => set));
  const views = [...sets].flatMap((set) => {
    const lines = columns.filter((column) => column.set === set).flatMap((column) => viewLines(column, constants));
    return set === undefined
      ? lines.map((line) => `    ${line}`)
      : [`    ${set}: {`, ...lines.map((line) => `      ${line}`), '    },'];
  });
  return [
    made(folder),
    '',
    ...constantLines(layout),
    ...structs.flatMap(({ name, doc, fields, lengthBytes }) => [
      '',
      `/** ${doc} A field's index in an array of its type. */`,
      `export const ${lowerFirst(name)} = {`,
      ...fields.map(({ name, at, unit }) => `  ${name}: ${at / unit},`),
      '} as const;',
      `export const ${lowerFirst(name)}Bytes = ${lengthBytes};`,
    ]),
    '',
    '/** Where each column begins. */',
    'export const addresses = {',
    ...columns.map(({ name, at, doc }) => `  /** ${doc} */\n  ${name}: ${number(at)},`),
    '} as const;',
    '',
    '/** The memory as typed arrays: addresses and structs as words, structs also as their other types. */',
    'export function viewMemory(buffer: ArrayBuffer) {',
    '  return {',
    ...views,
    '  };',
    '}',
    '',
    'export type KernelMemory = ReturnType<typeof viewMemory>;',
    ...hostHeldLines(layout),
    '',
  ].join('\n');
}

/** A function that places the held columns. */
function hostHeldLines({ rooms, held, heldStart }) {
  if (held.length === 0) return [];
  return [
    '',
    '/** Where each column begins whose length the host says, in bytes, and where the memory ends. */',
    `export function placeHeld(${rooms.map((room) => `${room}Count: number`).join(', ')}) {`,
    ...held.flatMap(({ name, doc }, i) => [
      `  /** ${doc} */`,
      `  const ${name} = ${i === 0 ? number(heldStart) : `alignColumn(${heldEnd(held[i - 1])})`};`,
    ]),
    `  const end = ${heldEnd(held.at(-1))};`,
    ...asList('  return { ', [...held.map(({ name }) => name), 'end'], ' };'),
    '}',
    '',
    'function alignColumn(at: number): number {',
    `  return Math.ceil(at / ${columnAlignBytes}) * ${columnAlignBytes};`,
    '}',
  ];
}

function heldEnd({ name, room, bytes, each }) {
  return `${name} + ${bytes * each} * ${room}Count`;
}

/** Names on one line or, as the formatter has it, one a line. */
function asList(before, names, behind) {
  const line = `${before}${names.join(', ')}${behind}`;
  if (line.length <= 120) return [line];
  const indent = ' '.repeat(before.search(/\S/));
  return [before.trimEnd(), ...names.map((name) => `${indent}  ${name},`), `${indent}${behind.trim()}`];
}

/** The typed arrays of a column. */
function viewLines({ name, member = name, type, struct, rows, count, at, bytes }, constants) {
  const view = (key, array, length) => `${key}: new ${array}(buffer, ${number(at)}, ${length}),`;
  if (type === 'Address') return [view(member, 'Uint32Array', number(4 * rows))];
  if (!struct) {
    const length = constants.some(([constant]) => constant === count) ? count : number(rows);
    return [view(member, numbers[type].array, length)];
  }
  const types = new Set(struct.fields.map((field) => field.type));
  return [
    view(member, 'Uint32Array', number((rows * bytes) / 4)),
    ...(types.has('u8') ? [view(`${member}Bytes`, 'Uint8Array', number(rows * bytes))] : []),
    ...(types.has('f64') ? [view(`${member}Doubles`, 'Float64Array', number((rows * bytes) / 8))] : []),
    ...(types.has('i64') ? [view(`${member}Longs`, 'BigInt64Array', number((rows * bytes) / 8))] : []),
  ];
}

function lowerFirst(name) {
  return name[0].toLowerCase() + name.slice(1);
}

function upperFirst(name) {
  return name[0].toUpperCase() + name.slice(1);
}

function kernelFile(folder, layout) {
  const { structs, columns } = layout;
  const usesAddress = structs.some(({ fields }) => fields.some(({ type }) => type === 'Address'));
  const { before: heldBefore, behind: heldBehind } = kernelHeldLines(layout);
  const objects = new Map();
  const consts = columns.map((column) => {
    const type = column.struct && column.rows === 1 ? column.type : arrayType(column);
    if (column.struct && column.rows > 1) objects.set(type, objectArrayLines(type, column));
    return [`/** ${column.doc} */`, `export const ${column.name} = changetype<${type}>(${number(column.at)});`].join(
      '\n',
    );
  });
  const shared = columns.filter(isShared);
  const classes = [...new Set(shared.map(arrayName))].sort(byNumber);
  const named = new Map(shared.filter(({ count }) => typeof count === 'string').map((one) => [namedArray(one), one]));
  return [
    made(folder),
    ...(usesAddress ? ["import { Address } from '../base/address';"] : []),
    ...importLines(classes, '../base/arrays'),
    '',
    ...constantLines(layout, ': u32'),
    ...structs.flatMap(structLines),
    ...[...objects.values()].flat(),
    ...heldBefore,
    '',
    ...[...named].map(([name, { type, rows }]) =>
      type === 'Address' ? `export type ${name} = AddressArray${rows};` : `export type ${name}<T> = Array${rows}<T>;`,
    ),
    '',
    ...consts,
    ...heldBehind,
    '',
  ].join('\n');
}

/** The arrays of held columns; and these, with what places them. */
function kernelHeldLines({ rooms, held, heldStart }) {
  if (held.length === 0) return { before: [], behind: [] };
  const arrays = new Map(
    held.map((column) => {
      const { room, each, struct } = column;
      const bound = `${each === 1 ? '' : `${each} * `}${room}Room`;
      const name = heldArray(column);
      return [name, struct ? objectArrayLines(name, column, bound) : valueArrayLines(name, bound)];
    }),
  );
  const typeOfColumn = (column) => (column.struct ? heldArray(column) : `${heldArray(column)}<${column.type}>`);
  return {
    before: [
      '',
      '// What `makeRoom` was told.',
      ...rooms.map((room) => `let ${room}Room: u32 = 0;`),
      ...[...arrays.values()].flat(),
    ],
    behind: [
      ...held.flatMap((column) => [
        `/** ${column.doc} */`,
        `export let ${column.name} = changetype<${typeOfColumn(column)}>(0);`,
      ]),
      '',
      '/** Places the columns whose length the host says. */',
      `export function makeRoom(${rooms.map((room) => `${room}Count: u32`).join(', ')}): void {`,
      ...rooms.map((room) => `  ${room}Room = ${room}Count;`),
      `  let at: usize = ${number(heldStart)};`,
      ...held.flatMap((column, i) => [
        `  ${column.name} = changetype<${typeOfColumn(column)}>(at);`,
        ...(i === held.length - 1
          ? []
          : [
              `  at = (at + <usize>${column.room}Count * ${column.bytes * column.each} + ${columnAlignBytes - 1}) & ~${columnAlignBytes - 1};`,
            ]),
      ]),
      '}',
    ],
  };
}

function heldArray({ struct, type, room, each }) {
  return `${struct ? type : ''}${upperFirst(room)}${each === 1 ? '' : each}Array`;
}

/** As the formatter has it. */
function importLines(names, from) {
  if (names.length === 0) return [];
  const line = `import { ${names.join(', ')} } from '${from}';`;
  return line.length <= 120 ? [line] : ['import {', ...names.map((name) => `  ${name},`), `} from '${from}';`];
}

/** Arrays of numbers and of addresses are the same for all modules: one class for each length, so that asserts know the bounds. */
export function arraysFile(tables) {
  const columns = tables.flatMap((table) => placeLayout(table).columns).filter(isShared);
  const lines = new Map(
    columns.map((column) => [
      arrayName(column),
      column.type === 'Address'
        ? objectArrayLines(arrayName(column), column)
        : valueArrayLines(arrayName(column), number(column.rows)),
    ]),
  );
  return [
    '// Made by scripts/build-kernel.mjs: the arrays of kernel/*/layout.mjs, by their length.',
    "import { Address } from './address';",
    ...[...lines.keys()].sort(byNumber).flatMap((name) => lines.get(name)),
    '',
  ].join('\n');
}

function isShared({ struct }) {
  return struct === undefined;
}

/** The class of a shared array. */
function arrayName({ type, rows }) {
  return `${type === 'Address' ? type : ''}Array${rows}`;
}

/** Its name in the module, where the length has one. */
function namedArray({ type, count, rows, struct }) {
  const length = typeof count === 'number' ? `Array${rows}` : `${upperFirst(count)}Array`;
  return `${struct !== undefined || type === 'Address' ? type : ''}${length}`;
}

function arrayType(column) {
  return column.type in numbers ? `${namedArray(column)}<${column.type}>` : namedArray(column);
}

function byNumber(one, other) {
  return one.localeCompare(other, 'en', { numeric: true });
}

function valueArrayLines(name, bound) {
  return [
    '',
    '@unmanaged',
    `export class ${name}<T> {`,
    '  @inline',
    "  @operator('[]')",
    '  get(index: u32): T {',
    `    assert(index < ${bound});`,
    '    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));',
    '  }',
    '',
    '  @inline',
    "  @operator('[]=')",
    '  set(index: u32, value: T): void {',
    `    assert(index < ${bound});`,
    '    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);',
    '  }',
    '}',
  ];
}

function objectArrayLines(name, { type, rows, bytes }, bound = number(rows)) {
  const shift = Math.log2(bytes);
  const offset = Number.isInteger(shift) ? `((<usize>index) << ${shift})` : `<usize>index * ${bytes}`;
  return [
    '',
    '@unmanaged',
    `export class ${name} {`,
    '  @inline',
    "  @operator('[]')",
    `  get(index: u32): ${type} {`,
    `    assert(index < ${bound});`,
    `    return changetype<${type}>(changetype<usize>(this) + ${offset});`,
    '  }',
    '}',
  ];
}

function structLines({ name, doc, fields, lengthBytes }) {
  return [
    '',
    `/** ${doc} */`,
    '@unmanaged',
    `export class ${name} {`,
    ...fields.flatMap((field) => [
      ...(field.doc === undefined ? [] : [`  /** ${field.doc} */`]),
      ...(field.isObject ? reservedLines(field) : [`  ${field.name}: ${field.type};`]),
    ]),
    ...fields
      .filter((field) => field.isObject)
      .flatMap((field) => [
        '',
        '  @inline',
        `  get ${field.name}(): ${field.type} {`,
        `    return changetype<${field.type}>(changetype<usize>(this)${field.at === 0 ? '' : ` + ${field.at}`});`,
        '  }',
      ]),
    '}',
    `export const ${lowerFirst(name)}Bytes: usize = ${lengthBytes};`,
  ];
}

/** Room for a struct within a struct. */
function reservedLines({ name, type, bytes }) {
  const [number, unit] = type === 'Address' ? ['u64', 8] : ['u32', wordBytes];
  return Array.from({ length: bytes / unit }, (_, index) => `  private ${name}Word${index}: ${number};`);
}
