/**
 * Why a capture reader refused a packet, and other damage in a capture. Packets read = rows returned in batches +
 * refused. Each refusal is one packet: its record header could be read. Damage is not a packet and is not part of this
 * sum.
 */
export const captureReasons = {
  cut: 'The capture ends in the middle of its last packet.',
  oversized: 'The captured length is longer than any packet can be. Reading continues after it.',
  'bad-block': 'A pcapng packet block is too short for its captured length.',
  'no-interface': 'A pcapng packet has an interface number without an interface description in its section.',
  'bad-time': 'The time is before 1970 or after 9999.',
} as const satisfies Record<string, string>;

/** One packet was read and refused. */
export type CaptureReason = keyof typeof captureReasons;

export const captureDamages = {
  'cut-tail': 'The capture ends in the middle of a record header or a pcapng block other than a packet.',
  'original-shorter':
    'The original length of a packet is below its captured length; the captured length is used for both.',
  'block-lengths-differ': 'The two lengths of a pcapng block differ; the first one is used.',
  'block-length': 'A pcapng block has an impossible length; the rest of the capture cannot be read.',
  'section-unknown': 'A pcapng section has an unknown version or byte order and cannot be read.',
  'interfaces-too-many':
    'A pcapng section describes more interfaces than the limit; packets of later interfaces are refused.',
  'time-back':
    'The time of the packets went back by more than ten minutes. All open flows ended, and the recording continued from there.',
  'gzip-cut': 'The gzip file ends too early.',
  'gzip-damaged': 'The gzip file is damaged; data after the damage cannot be decompressed.',
} as const satisfies Record<string, string>;

/** Damage outside packets, or a damaged packet that could still be used. */
export type CaptureDamage = keyof typeof captureDamages;
