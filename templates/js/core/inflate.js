/**
 * Base64 of deflated bytes → the bytes. All that is big in a report travels so: data and scripts.
 */

/** @param {string} binary */
function bytesOf(binary) {
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/**
 * @param {string} base64
 * @returns {Promise<Uint8Array>}
 */
export async function inflate(base64) {
  const { fromBase64 } = /** @type {{fromBase64?: (text: string) => Uint8Array<ArrayBuffer>} & Function} */ (Uint8Array);
  const packed = fromBase64?.call(Uint8Array, base64) ?? bytesOf(atob(base64));
  const stream = new DecompressionStream("deflate");
  const writer = stream.writable.getWriter(); // a Blob would make the round of the browser's processes
  // what it reads tells of an error too
  writer.write(packed).catch(() => {});
  writer.close().catch(() => {});
  return new Uint8Array(await new Response(stream.readable).arrayBuffer());
}
