/** Files that the user names: documents to read, and what is written. */
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { DocumentForm } from '../domain/schema/index.ts'
import { CliError } from './exit.ts'
import type { Io } from './io.ts'

export interface DocumentFile {
  /** As the user would write it. */
  readonly name: string
  readonly text: string
  readonly form: DocumentForm
  /** Found in a folder, where not every file needs to be a cycle. */
  readonly found: boolean
}

/** Documents have these endings. */
const ENDING = /\.(ya?ml|json)$/i

/** The files named, `-` for standard input, and of a folder all that may be documents, the folders in it included. Throws usage errors. */
export async function readDocuments(io: Pick<Io, 'cwd' | 'stdin'>, names: readonly string[]): Promise<readonly DocumentFile[]> {
  const files: DocumentFile[] = []
  for (const name of names) {
    if (name === '-') files.push(documentFile('-', await io.stdin(), false))
    else if (isFolder(io, name)) files.push(...inFolder(io, name).map(file => documentFile(file, readInput(io, file), true)))
    else files.push(documentFile(name, readInput(io, name), false))
  }
  return files
}

/** A file as text. Throws a usage error where it cannot be read. */
export function readInput({ cwd }: Pick<Io, 'cwd'>, name: string): string {
  return attempt(name, 'read', () => readFileSync(resolve(cwd, name), 'utf8'))
}

/** Writes a file that only its owner reads, whole or not at all. */
export function writeOutput({ cwd }: Pick<Io, 'cwd'>, name: string, text: string): void {
  const file = resolve(cwd, name)
  const temporary = `${file}.${process.pid}.new`
  attempt(name, 'written', () => {
    try {
      writeFileSync(temporary, text, { mode: 0o600 })
      renameSync(temporary, file)
    } finally {
      rmSync(temporary, { force: true })
    }
  })
}

function documentFile(name: string, text: string, found: boolean): DocumentFile {
  const ending = ENDING.exec(name)?.[1]?.toLowerCase()
  const form = ending === undefined ? (/^\s*\{/.test(text) ? 'json' : 'yaml') : ending === 'json' ? 'json' : 'yaml'
  return { name, text, form, found }
}

const isFolder = ({ cwd }: Pick<Io, 'cwd'>, name: string): boolean => attempt(name, 'read', () => statSync(resolve(cwd, name)).isDirectory())

function inFolder(io: Pick<Io, 'cwd'>, folder: string): string[] {
  const entries = attempt(folder, 'read', () => readdirSync(resolve(io.cwd, folder), { withFileTypes: true }))
  return entries
    .filter(({ name }) => !name.startsWith('.') && name !== 'node_modules')
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(entry => {
      const name = join(folder, entry.name)
      if (entry.isDirectory()) return inFolder(io, name)
      return ENDING.test(name) && (entry.isFile() || !isFolder(io, name)) ? [name] : []
    })
}

function attempt<T>(name: string, what: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'it is not allowed' : error instanceof Error ? error.message : String(error)
    throw new CliError('usage', `${name} cannot be ${what}: ${why}.`)
  }
}
