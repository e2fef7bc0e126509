/** Bytes as PostgreSQL writes an array of them: for `${byteArray(…)}::text::bytea[]`. */
export const byteArray = (all: readonly Uint8Array[]) =>
  `{${all.map((one) => `"\\\\x${Buffer.from(one.buffer, one.byteOffset, one.byteLength).toString('hex')}"`).join(',')}}`
