/**
 * Why the reader of a capture did not hand a packet on, and what else was wrong with a capture.
 *
 * The books of a capture: packets read = rows handed on in batches + refused. Each refusal is one packet: its record header was
 * there to be read, so it counts as read. Damage is no packet: it says that a stretch of the input was not what it should be,
 * and stands beside the books.
 */
export const captureReasons = {
  cut: 'The capture ends in the middle of this packet (its last one).',
  oversized: 'The captured length is nonsense: longer than any packet. Reading goes on behind it.',
  'bad-block': 'A pcapng packet block is too short for the captured length that it names.',
  'no-interface': 'A pcapng packet names an interface that its section does not describe.',
  'bad-time': 'The time lies before 1970 or behind the year 9999.',
} as const satisfies Record<string, string>;

/** One packet was read and not handed on. */
export type CaptureReason = keyof typeof captureReasons;

export const captureDamages = {
  'cut-tail':
    'The capture ends in the middle of something that is no packet: a record header, or another pcapng block.',
  'original-shorter': 'A packet names an original length below the captured one; the captured one is taken for both.',
  'block-lengths-differ': 'A pcapng block names two lengths; the first is taken.',
  'block-length': 'A pcapng block names a length that no block can have; nothing behind it can be found.',
  'section-unknown': 'A pcapng section is of an unknown version or byte order; nothing in it can be read.',
  'interfaces-too-many':
    'A pcapng section describes more interfaces than the limit; packets of the later ones are refused.',
  'time-back':
    'The time of the packets went back by more than ten minutes. Every open flow ended, and the recording went on from there.',
  'gzip-cut': 'The gzip file ends too early.',
  'gzip-damaged': 'The gzip file is damaged; nothing behind the damage can be unpacked.',
} as const satisfies Record<string, string>;

/** Something in a capture that is no packet was damaged, or a packet was damaged but could be handed on. */
export type CaptureDamage = keyof typeof captureDamages;
