/** Connections of outbound calls: to allowed addresses only, bounded by the time of each call. */
import { Agent } from 'undici'
import { AddressRefused, type AddressPolicy } from './addresses.ts'

const CONNECT_TIMEOUT_MS = 10_000

/** Has no time-outs of its own but that of the connection: a call's signal bounds everything, slow drips included. */
export const createAgent = (policy: AddressPolicy): Agent =>
  new Agent({ connect: { lookup: policy.lookup, timeout: CONNECT_TIMEOUT_MS }, headersTimeout: 0, bodyTimeout: 0, maxHeaderSize: 64 * 1024 })

/** Why no answer came, for people. */
export function reasonOf(error: unknown): string {
  if (error instanceof AddressRefused) return error.message
  if (!(error instanceof Error)) return String(error)
  if (error.cause instanceof AddressRefused) return error.cause.message
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code} ` : ''
  return error.message === '' ? `${code}the connection failed`.trim() : `${code}${error.message}`
}
