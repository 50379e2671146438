/** What the children log: all of it in files, on the terminal only what someone should see. */
import { createWriteStream, existsSync, mkdirSync, renameSync, type WriteStream } from 'node:fs'
import { join } from 'node:path'

const LEVELS: { readonly [level: number]: string } = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'WARN', 50: 'ERROR', 60: 'FATAL' }
const WARN = 40
const LARGEST_FILE = 10 * 1024 ** 2
/** Their warnings are about themselves, and stay in their logs. */
const SERVERS = new Set(['redis', 'temporal'])
/** What a line of pino holds that is not told again. */
const KNOWN = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg', 'err'])

export interface Output {
  take(name: string, line: string): void
  /** The last lines of a child, for when it does not come up. */
  lastLines(name: string): readonly string[]
}

/** `verbose`: all lines go to the terminal, not only warnings and errors. */
export function createOutput(folder: string, write: (text: string) => void, verbose: boolean): Output {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const files = new Map<string, { stream: WriteStream; bytes: number }>()
  const last = new Map<string, string[]>()

  const log = (name: string, line: string): void => {
    let file = files.get(name)
    if (file === undefined || file.bytes > LARGEST_FILE) {
      const path = join(folder, `${name}.log`)
      file?.stream.end()
      if (existsSync(path)) renameSync(path, `${path}.1`)
      file = { stream: createWriteStream(path, { mode: 0o600 }), bytes: 0 }
      files.set(name, file)
    }
    file.bytes += line.length + 1
    file.stream.write(`${line}\n`)
  }

  return {
    take(name, line) {
      log(name, line)
      const { level, text } = readLine(line)
      last.set(name, [...(last.get(name) ?? []), text].slice(-15))
      if (verbose || (level >= WARN && !SERVERS.has(name))) write(`${name.padEnd(8)} ${text}`)
    },
    lastLines: name => last.get(name) ?? [],
  }
}

/** A line of pino in short; another one as it stands, shown only where it looks like trouble. */
export function readLine(line: string): { readonly level: number; readonly text: string } {
  const entry = parsed(line)
  if (entry === undefined) return { level: /\b(error|fatal|panic|warn)/i.test(line) ? WARN : 30, text: line }
  const level =
    typeof entry.level === 'number' ? entry.level : Number(/warn/i.test(String(entry.level)) ? 40 : /error|fatal/i.test(String(entry.level)) ? 50 : 30)
  const rest = Object.entries(entry)
    .filter(([key]) => !KNOWN.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const error = typeof entry.err === 'object' && entry.err !== null && 'message' in entry.err ? [`(${String(entry.err.message)})`] : []
  return { level, text: [LEVELS[level] ?? 'info', String(entry.msg ?? ''), ...rest, ...error].join(' ') }
}

function parsed(line: string): { readonly [key: string]: unknown } | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : undefined
  } catch {
    return undefined
  }
}
