/** Files that are made from the sources and committed: written, or, with `--check`, only compared. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '..')

/** `path`: from the top of the checkout. */
export interface Generated {
  readonly path: string
  readonly make: () => string | Promise<string>
}

/** The process ends with 1 where a committed file is not what the sources make of it; `remedy` is the command that writes it. */
export async function generate(files: readonly Generated[], remedy: string): Promise<void> {
  for (const { path, make } of files) {
    const file = resolve(ROOT, path)
    const wanted = await make()
    if (!process.argv.includes('--check')) writeFileSync(file, wanted)
    else if (!existsSync(file) || readFileSync(file, 'utf8') !== wanted) {
      console.error(`${path} is not what its sources make of it: ${remedy}, and commit it`)
      process.exitCode = 1
    }
  }
}
