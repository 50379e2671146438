/** Where the command connects to, and as whom: options, then the environment, then the Flywheel that `npm start` runs here. */
import { CliError } from '../exit.ts'
import type { Io } from '../io.ts'
import { findStart, present, secret, type FoundStart } from './checkout.ts'

/** The options that every command takes. */
export interface GlobalOptions {
  readonly url?: string
  readonly clientId?: string
  readonly clientSecret?: string
  readonly account?: string
  readonly json?: boolean
}

export interface Connection {
  /** Without a slash at its end. */
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
}

const HOW = 'Give --url, --client-id and --client-secret, or set FLYWHEEL_URL, CLIENT_ID and CLIENT_SECRET (or CLIENT_SECRET_FILE).'

/** Throws a usage error that says what is missing. Credentials of `npm start` are sent to that one only. */
export function connectionOf(io: Pick<Io, 'env' | 'root' | 'cwd'>, options: GlobalOptions): Connection {
  const wanted = present(options.url) ?? present(io.env.FLYWHEEL_URL)
  const found = findStart(io)
  const start = found.state === 'runs' && (wanted === undefined || isSame(wanted, found.start.url)) ? found.start : undefined
  const url = wanted === undefined ? start?.url : checked(wanted)
  const clientId = present(options.clientId) ?? secret(io.env, io.cwd, 'CLIENT_ID') ?? start?.clientId
  const clientSecret = present(options.clientSecret) ?? secret(io.env, io.cwd, 'CLIENT_SECRET') ?? start?.clientSecret
  if (url === undefined) throw new CliError('usage', `Which Flywheel? ${nothingHere(found)} ${HOW}`)
  const missing = clientId === undefined ? 'client id' : 'client secret'
  if (clientId === undefined || clientSecret === undefined) throw new CliError('usage', `The ${missing} for ${url} is missing. ${HOW}`)
  return { url, clientId, clientSecret }
}

const nothingHere = (found: FoundStart): string =>
  found.state === 'starting' ? 'npm start is not ready yet in this checkout.' : 'npm start does not run in this checkout.'

function checked(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) throw new CliError('usage', `"${text}" is no address like http://localhost:3000.`)
  return text.replace(/\/+$/, '')
}

/** The same port of this machine, whatever it is called. */
function isSame(wanted: string, local: string): boolean {
  if (!URL.canParse(wanted)) return false
  const { hostname, port, protocol, pathname } = new URL(wanted)
  return protocol === 'http:' && pathname === '/' && ['localhost', '127.0.0.1'].includes(hostname) && port === new URL(local).port
}
