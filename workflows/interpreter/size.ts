/** Bytes of a text in UTF-8. */
export function utf8Bytes(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    // A surrogate is half of a character of four bytes.
    if (unit >= 0xd800 && unit <= 0xdfff) bytes += 1
    else if (unit >= 0x800) bytes += 2
    else if (unit >= 0x80) bytes += 1
  }
  return bytes
}

/** Bytes of a value as JSON: what it takes as a payload. */
export const jsonBytes = (value: object): number => utf8Bytes(JSON.stringify(value))
