/** `multipart/form-data` bodies: fields as text, files as objects with their bytes in base64 (webhooks.md 3). */
import busboy from 'busboy'
import type { Json } from '../json.ts'
import { collector } from './form.ts'

export class MultipartError extends Error {
  override readonly name = 'MultipartError'
}

/** The longest name of a field, in bytes. */
const MAX_NAME = 16 * 1024
const REPLACEMENT = Buffer.from('\ufffd')

/** `contentType`: the whole header, with its boundary. Rejects with `MultipartError` where the body is not complete and well-formed. */
export function parseMultipart(bytes: Buffer, contentType: string, maxParts: number): Promise<Json> {
  return new Promise((resolve, reject) => {
    const fields = collector()
    const fail = (reason: unknown): void => reject(new MultipartError(reason instanceof Error ? reason.message : String(reason)))
    const name = (given: string | undefined): string => {
      if (given === undefined) throw new MultipartError('a part has no name')
      return given
    }
    try {
      const reader = busboy({
        headers: { 'content-type': contentType },
        defParamCharset: 'utf8',
        limits: { fieldNameSize: MAX_NAME, fieldSize: bytes.length + 1, fileSize: bytes.length + 1, parts: maxParts, fields: maxParts, files: maxParts },
      })
      const within = <A extends unknown[]>(handle: (...args: A) => void) => {
        return (...args: A): void => {
          try {
            handle(...args)
          } catch (error) {
            fail(error)
          }
        }
      }
      reader.on(
        'field',
        within((given, value, info) => {
          if (info.nameTruncated || info.valueTruncated) throw new MultipartError('a field is too long')
          // The reader puts this character where bytes do not fit; a sender may also have meant it.
          if (value.includes('\ufffd') && !bytes.includes(REPLACEMENT)) throw new MultipartError('a field has bytes that do not fit its character set')
          fields.add(name(given), value)
        }),
      )
      reader.on(
        'file',
        within((given, stream, { filename, mimeType }) => {
          const key = name(given)
          const chunks: Buffer[] = []
          stream.on('data', (chunk: Buffer) => chunks.push(chunk))
          stream.on('error', fail)
          stream.on('end', () => {
            const content = Buffer.concat(chunks)
            fields.add(key, { filename: filename ?? '', contentType: mimeType, size: content.length, base64: content.toString('base64') })
          })
        }),
      )
      for (const limit of ['partsLimit', 'fieldsLimit', 'filesLimit'] as const) reader.on(limit, () => fail('there are too many parts'))
      reader.on('error', fail)
      reader.on('close', () => resolve(fields.object()))
      reader.end(bytes)
    } catch (error) {
      fail(error)
    }
  })
}
