/** Configuration from the environment, parsed once at start (operations.md 2). */
import { readFileSync } from 'node:fs'
import { ABSENT, TABLE, type ProcessName, type Setting } from './config-table.ts'

type Table = typeof TABLE
type ValueOf<S> = S extends Setting<infer T> ? (typeof ABSENT extends T ? Exclude<T, typeof ABSENT> | undefined : T) : never

/** Every setting by its name; sizes in bytes, durations in ms. One that is required but not by this process is an empty text in it. */
export type Config = { readonly [K in keyof Table]: ValueOf<Table[K]> }

export type Environment = { readonly [name: string]: string | undefined }

/** The configuration is wrong: the message names each wrong or missing variable and says what is expected. It never holds a secret. */
export class ConfigError extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(`The configuration is not right:\n${problems.map(problem => `  ${problem}`).join('\n')}\nAll variables stand in .env.example.`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/**
 * Parses the variables that a process uses. An empty variable counts as not set; `NAME_FILE` reads the value from a file.
 * Throws `ConfigError` with all that is wrong.
 */
export function parseConfig(env: Environment, process: ProcessName): Config {
  const problems: string[] = []
  const read = (entry: Setting<unknown>): { readonly text?: string | undefined; readonly failed?: true } => {
    const given = present(env[entry.name])
    const file = present(env[`${entry.name}_FILE`])
    if (file === undefined) return { text: given }
    if (given !== undefined) {
      problems.push(`${entry.name}: ${entry.name}_FILE is set as well; set one of them`)
      return { failed: true }
    }
    try {
      return { text: present(readFileSync(file, 'utf8')) }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      problems.push(`${entry.name}_FILE: ${file} cannot be read (${reason}); expected a file with ${entry.expected}`)
      return { failed: true }
    }
  }
  const value = <T>(entry: Setting<T>): T | string => {
    const used = entry.processes.includes(process)
    const given = used ? read(entry) : {}
    if (given.failed) return ''
    const source = given.text ?? entry.fallback?.replace('{PORT}', present(env.PORT) ?? TABLE.port.fallback ?? '')
    const parsed = entry.parse(source ?? '')
    if (parsed !== undefined) return parsed
    if (!used) return ''
    if (source === undefined) problems.push(`${entry.name}: is missing; expected ${entry.expected}`)
    // A fallback that does not parse depends on another variable that is wrong, and that one is told.
    else if (given.text !== undefined)
      problems.push(`${entry.name}: ${entry.secret === undefined ? `"${source}"` : 'the value'} is wrong; expected ${entry.expected}`)
    return ''
  }
  const parsed: { [name: string]: unknown } = {}
  for (const [key, entry] of Object.entries<Setting<unknown>>(TABLE)) {
    const found = value(entry)
    parsed[key] = found === ABSENT ? undefined : found
  }
  if (problems.length > 0) throw new ConfigError(problems)
  if (!isConfig(parsed)) throw new ConfigError(['the table of configuration is incomplete'])
  return parsed
}

/** The variables that a process uses, by name, with secrets masked: what it logs at start. */
export function configSummary(config: Config, process: ProcessName): { readonly [name: string]: unknown } {
  const summary: { [name: string]: unknown } = {}
  const values = new Map<string, unknown>(Object.entries(config))
  for (const [key, entry] of Object.entries<Setting<unknown>>(TABLE)) {
    const value = values.get(key)
    if (entry.processes.includes(process) && value !== undefined) summary[entry.name] = masked(entry, value)
  }
  return summary
}

function masked(entry: Setting<unknown>, value: unknown): unknown {
  if (entry.secret === undefined) return value
  if (entry.secret === true || typeof value !== 'string') return '********'
  return maskUrl(value)
}

/** A URL without its password. */
export function maskUrl(text: string): string {
  if (!URL.canParse(text)) return '********'
  const url = new URL(text)
  if (url.password !== '') url.password = '********'
  return url.toString()
}

const present = (text: string | undefined): string | undefined => (text === undefined || text.trim() === '' ? undefined : text.trim())

/** Each value was made by its own entry's `parse`; what is left to see is that none is missing. */
function isConfig(values: { readonly [name: string]: unknown }): values is { readonly [name: string]: unknown } & Config {
  return Object.keys(TABLE).every(key => key in values)
}
