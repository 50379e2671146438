/** Logs: one JSON object a line, pretty on a terminal, never with payload data (operations.md 6). */
import { pino, type Logger } from 'pino'
import { PinoPretty } from 'pino-pretty'
import type { Config } from './config.ts'

export type { Logger }

/** Names under which secrets would stand; what is found there is written as `********`. */
const SECRET_NAMES = ['authorization', 'cookie', 'password', 'secret', 'clientSecret', 'client_secret', 'accessToken', 'access_token', 'token', 'apiKey']

/** A logger of the process named; `stream` is standard output where it is left out. */
export function createLogger(config: Pick<Config, 'logLevel'>, name: string, stream?: NodeJS.WritableStream): Logger {
  const options = {
    name,
    level: config.logLevel,
    redact: { paths: SECRET_NAMES.flatMap(secret => [secret, `*.${secret}`, `*.*.${secret}`]), censor: '********' },
  }
  if (stream !== undefined) return pino(options, stream)
  if (process.stdout.isTTY) return pino(options, PinoPretty({ ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' }))
  return pino(options)
}
