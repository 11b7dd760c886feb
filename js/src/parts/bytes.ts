// Arrays of numbers, as Python sends them.

/** A copy of the bytes: they may begin anywhere in a message, numbers may not. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: DataView): ArrayBuffer =>
  buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;

export const floats = (view: DataView): Float32Array => new Float32Array(bytesOf(view));
