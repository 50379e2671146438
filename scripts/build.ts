/** `npm run build`: the processes' JavaScript and the workflow bundle in `dist/`, made anew only where a source changed. */
import { createHash } from 'node:crypto'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { run } from './provision/run.ts'

const ROOT = resolve(import.meta.dirname, '..')
const ROOMS = ['domain', 'workflows', 'activities', 'scripting', 'storage', 'worker', 'api', 'platform', 'cli'] as const
const INPUTS = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.ts'] as const
const DIST = join(ROOT, 'dist')
const STAMP = join(DIST, '.built-from')
const BUNDLE = join(DIST, 'workflow-bundle.js')
const COMMAND = join(DIST, 'cli', 'main.js')

export class BuildError extends Error {
  override readonly name = 'BuildError'
}

/** Builds where `dist/` was not made from the sources as they are now; tells whether it did. Throws `BuildError` with the compiler's words. */
export async function ensureBuilt(): Promise<boolean> {
  const sources = sourceFiles()
  const wanted = hashOf([...sources, ...INPUTS])
  if (existsSync(STAMP) && existsSync(BUNDLE) && readFileSync(STAMP, 'utf8') === wanted) return false
  // What runs from `dist/` now goes on with its files; those that have no source any more are never loaded.
  rmSync(STAMP, { force: true })
  await compile()
  for (const file of sources.filter(name => !/\.tsx?$/.test(name))) {
    mkdirSync(dirname(join(DIST, file)), { recursive: true })
    cpSync(join(ROOT, file), join(DIST, file))
  }
  chmodSync(COMMAND, 0o755)
  await bundle()
  writeFileSync(STAMP, wanted)
  return true
}

async function compile(): Promise<void> {
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const { code, output } = await run(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: ROOT })
  if (code !== 0) throw new BuildError(`the sources do not compile:\n${output}`)
}

/** In a file of its own, renamed when it is whole: a worker that starts meanwhile never reads half of it. */
async function bundle(): Promise<void> {
  const { loadBundle } = await import('../worker/bundle.ts')
  const tell = (_: object, message: string): void => console.error(message)
  const quiet = { debug() {}, info() {}, warn: tell, error: tell }
  const made = await loadBundle(quiet)
  if (!('code' in made)) throw new BuildError('the workflow bundle was not made from its sources')
  writeFileSync(`${BUNDLE}.new`, made.code)
  renameSync(`${BUNDLE}.new`, BUNDLE)
}

function sourceFiles(): string[] {
  return ROOMS.filter(room => existsSync(join(ROOT, room)))
    .flatMap(room => readdirSync(join(ROOT, room), { recursive: true, withFileTypes: true }))
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
    .toSorted()
}

function hashOf(files: readonly string[]): string {
  const sum = createHash('sha256')
  for (const file of files)
    sum
      .update(file)
      .update('\0')
      .update(readFileSync(join(ROOT, file)))
      .update('\0')
  return sum.digest('hex')
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    console.log((await ensureBuilt()) ? 'built' : 'dist/ is up to date')
  } catch (error) {
    if (!(error instanceof BuildError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}
