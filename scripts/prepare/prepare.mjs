/**
 * What a checkout needs before any of its TypeScript can run: a Node that is new enough, and the packages.
 * Plain JavaScript without packages, and without syntax that an old Node does not know.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))
const OLDEST = [20, 19, 0]
const STAMP = join(root, 'node_modules', '.flywheel-installed')

/** Ends the process where Node is too old or the packages cannot be installed; then lets TypeScript be imported. */
export async function prepare() {
  checkNode(process.versions.node)
  install()
  const { register } = await import('tsx/esm/api')
  register()
}

/** @param {string} version */
export function isNewEnough(version) {
  const parts = version.split('.').map(part => parseInt(part, 10))
  for (let i = 0; i < OLDEST.length; i++) {
    if (parts[i] !== OLDEST[i]) return parts[i] > OLDEST[i]
  }
  return true
}

/** @param {string} version */
function checkNode(version) {
  if (isNewEnough(version)) return
  fail(`Flywheel needs Node ${OLDEST.join('.')} or newer; this is ${version}.\nGet one from https://nodejs.org, or with nvm: nvm install 24`)
}

function install() {
  const wanted = hash()
  const missing = missingPackages()
  const installed = existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : wanted
  if (missing.length === 0 && installed === wanted) {
    if (!existsSync(STAMP)) writeFileSync(STAMP, wanted)
    return
  }
  console.log(missing.length > 0 ? 'Installing the packages (once, about a minute) …' : 'The lock file has changed: installing the packages …')
  const npm = process.env.npm_execpath
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--include=dev']
  const [command, first] = npm !== undefined && /\.c?js$/.test(npm) ? [process.execPath, [npm]] : ['npm', []]
  // Its output goes to standard error: the last line of a test run's output is the count.
  const { status, error } = spawnSync(command, [...first, ...args], { cwd: root, stdio: ['ignore', 2, 2] })
  if (error !== undefined) fail(`npm could not be run (${error.message}).\nInstall npm, which comes with Node, and run this again.`)
  if (status !== 0) {
    fail(
      'The packages could not be installed; npm says why above.\nCheck that the package registry is reachable (npm config get registry), and run this again.',
    )
  }
  const still = missingPackages()
  if (still.length > 0) fail(`npm did not install ${still.join(', ')}.\nRemove node_modules and run this again.`)
  writeFileSync(STAMP, wanted)
}

function hash() {
  const sum = createHash('sha256')
  for (const file of ['package.json', 'package-lock.json']) {
    if (existsSync(join(root, file))) sum.update(readFileSync(join(root, file)))
  }
  return sum.digest('hex')
}

function missingPackages() {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return Object.keys({ ...dependencies, ...devDependencies }).filter(name => !existsSync(join(root, 'node_modules', name, 'package.json')))
}

/**
 * @param {string} message
 * @returns {never}
 */
export function fail(message) {
  console.error(`\n${message}\n`)
  process.exit(1)
}
