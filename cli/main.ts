#!/usr/bin/env node
/** The `flywheel` command. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Io } from './io.ts'
import { run } from './run.ts'

/** The folder of `package.json`: above `cli/` in a checkout, above `dist/cli/` when built. */
function rootAbove(folder: string): string {
  return existsSync(join(folder, 'package.json')) || dirname(folder) === folder ? folder : rootAbove(dirname(folder))
}

const { env, stdout } = process
const io: Io = {
  out: chunk => void stdout.write(chunk),
  err: chunk => void process.stderr.write(chunk),
  env,
  cwd: process.cwd(),
  root: rootAbove(import.meta.dirname),
  colour: stdout.isTTY && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb',
  stdin: () => text(process.stdin),
}

// Whoever reads the output may have seen enough of it (`| head`).
stdout.on('error', error => {
  if ('code' in error && error.code === 'EPIPE') process.exit(0)
  throw error
})
process.exitCode = await run(process.argv.slice(2), io)
