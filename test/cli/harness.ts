import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { run } from '../../cli/run.ts'
import type { Io } from '../../cli/io.ts'

/** How a run of the command ended, and what it wrote. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly env?: Io['env']
  readonly cwd?: string
  readonly root?: string
  readonly colour?: boolean
  readonly stdin?: string
}

/** Where nothing runs: a folder with what the command reads of its own package. */
export const emptyRoot = (): string => folder({ 'package.json': '{ "version": "1.2.3" }' })

/** The command as a user runs it, in this process; nothing of this machine's environment reaches it. */
export async function flywheel(args: readonly string[], { env = {}, cwd, root = emptyRoot(), colour = false, stdin = '' }: RunOptions = {}): Promise<Ran> {
  let out = ''
  let err = ''
  const io: Io = {
    out: text => void (out += text),
    err: text => void (err += text),
    env,
    cwd: cwd ?? root,
    root,
    colour,
    stdin: () => Promise.resolve(stdin),
  }
  const code = await run(args, io)
  return { code, out, err }
}

/** A new folder with these files. */
export function folder(files: { readonly [name: string]: string }): string {
  const made = mkdtempSync(join(tmpdir(), 'flywheel-cli-'))
  for (const [name, text] of Object.entries(files)) {
    const file = resolve(made, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return made
}

/** Ids and instants, which differ from run to run, as words. */
export const steady = (text: string): string =>
  text.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>').replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, '<time>')
