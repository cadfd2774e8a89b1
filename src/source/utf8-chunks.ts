import { utf16Of } from '../base/text.ts';

/** The chunks as UTF-8 if they begin as UTF-16 with a byte order mark; otherwise unchanged. */
export async function* utf8Chunks(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  let begun = false;
  let head: Uint8Array = new Uint8Array(0);
  const encoder = new TextEncoder();
  for await (const chunk of chunks) {
    let bytes = chunk;
    if (!begun) {
      bytes = head.length === 0 ? chunk : Uint8Array.of(...head, ...chunk);
      if (bytes.length < 2) {
        head = bytes;
        continue;
      }
      begun = true;
      const encoding = utf16Of(bytes);
      if (encoding !== undefined) decoder = new TextDecoder(encoding);
    }
    yield decoder === undefined ? bytes : encoder.encode(decoder.decode(bytes, { stream: true }));
  }
  if (!begun && head.length > 0) yield head;
  if (decoder !== undefined) yield encoder.encode(decoder.decode());
}
