/** Secrets at rest (operations.md 4): AES-256-GCM under named keys, so that keys can be rotated. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const SEALED = /^sealed:([A-Za-z0-9_-]+):([A-Za-z0-9_-]+)$/

/** Keys by their id, in the order given: the first encrypts, all of them decrypt. */
export type Keys = ReadonlyMap<string, Buffer>

/** A sealed text cannot be opened: its key is not among `ENCRYPTION_KEYS`, or it was altered. The message names the key, never the text. */
export class SealError extends Error {
  override readonly name = 'SealError'
}

export interface Sealer {
  /** The text as `sealed:{key id}:{base64url}`; each time another one. */
  seal(plain: string): string
  /** Throws `SealError`. */
  open(sealed: string): string
  isSealed(text: string): boolean
  /** Whether it is sealed under the key that encrypts now: else it is to be sealed anew when it is used, so that old keys can go. */
  isCurrent(sealed: string): boolean
}

/** Parses `id:base64[,id:base64]`, each key 32 bytes. Throws an `Error` that says what is expected and shows no key. */
export function parseEncryptionKeys(text: string): Keys {
  const keys = new Map<string, Buffer>()
  for (const [index, part] of text.split(',').entries()) {
    const [id = '', encoded = '', ...rest] = part.trim().split(':')
    const which = `key ${index + 1} of ENCRYPTION_KEYS`
    if (!/^[A-Za-z0-9_-]+$/.test(id) || encoded === '' || rest.length > 0)
      throw new Error(`${which} is expected as id:base64, the id of letters, digits, _ and -`)
    if (keys.has(id)) throw new Error(`${which} has the id "${id}" of a key before it`)
    const key = Buffer.from(encoded, 'base64')
    if (key.length !== KEY_BYTES) throw new Error(`${which} ("${id}") has ${key.length} bytes; 32 are expected, as \`openssl rand -base64 32\` makes them`)
    keys.set(id, key)
  }
  return keys
}

export function createSealer(keys: Keys): Sealer {
  const first = [...keys][0]
  if (first === undefined) throw new Error('ENCRYPTION_KEYS holds no key')
  const [currentId, current] = first
  return {
    seal(plain) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', current, nonce).setAAD(Buffer.from(currentId))
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return `sealed:${currentId}:${Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64url')}`
    },
    open(sealed) {
      const [, id = '', encoded = ''] = SEALED.exec(sealed) ?? []
      const key = keys.get(id)
      if (key === undefined) throw new SealError(`No key "${id}" is among ENCRYPTION_KEYS`)
      const bytes = Buffer.from(encoded, 'base64url')
      if (bytes.length < NONCE_BYTES + TAG_BYTES) throw new SealError(`A text sealed under key "${id}" is cut short`)
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES)).setAAD(Buffer.from(id)).setAuthTag(bytes.subarray(-TAG_BYTES))
        return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8')
      } catch {
        throw new SealError(`A text sealed under key "${id}" cannot be opened: the key is another, or the text was altered`)
      }
    },
    isSealed: text => SEALED.test(text),
    isCurrent: sealed => SEALED.exec(sealed)?.[1] === currentId,
  }
}
