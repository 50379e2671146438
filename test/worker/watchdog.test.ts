import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import vm from 'node:vm'
import { transformSync } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { NO_TIMEOUT_MS, removeWatchdog } from '../../worker/watchdog.ts'

const ROOT = join(import.meta.dirname, '../..')

/** The module as the build makes it (threads load no TypeScript), and a program beside it. */
function files(): { readonly watchdog: string; readonly main: string } {
  const directory = mkdtempSync(join(tmpdir(), 'flywheel-watchdog-'))
  const [watchdog, main] = [join(directory, 'watchdog.mjs'), join(directory, 'main.mjs')]
  writeFileSync(watchdog, transformSync(readFileSync(join(ROOT, 'worker/watchdog.ts'), 'utf8'), { loader: 'ts' }).code)
  writeFileSync(main, program)
  writeFileSync(join(directory, 'thread.cjs'), thread)
  return { watchdog, main }
}

/** Runs it in a process that loaded the module first, as the worker does; answers what it printed. */
function run(env: NodeJS.ProcessEnv): Promise<string> {
  const { watchdog, main } = files()
  const child = spawn(process.execPath, ['--import', watchdog, main], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
    child.once('error', reject)
    child.once('exit', () => resolve(text))
  })
}

/** Tells the timeout that Node's own `runInContext` gets, in this thread and in one of the SDK's kind. */
const program = `
import vm from 'node:vm'
import { Worker } from 'node:worker_threads'
const own = vm.Script.prototype.runInContext.toString().includes('NO_TIMEOUT_MS')
const worker = new Worker(new URL('./thread.cjs', import.meta.url))
worker.once('message', inThread => { console.log(JSON.stringify([own, inThread])); void worker.terminate() })
`
const thread = `
const { parentPort } = require('node:worker_threads')
parentPort.postMessage(require('node:vm').Script.prototype.runInContext.toString().includes('NO_TIMEOUT_MS'))
`

describe('the watchdog', () => {
  it('is taken away from calls with the largest timeout, and from no others', () => {
    const seen: unknown[] = []
    const prototype = {
      runInContext(_context: vm.Context, options?: vm.RunningScriptOptions | BufferEncoding) {
        seen.push(options)
      },
    }
    const undo = removeWatchdog(prototype)
    const script = new vm.Script('1')
    const context = vm.createContext({})
    prototype.runInContext.call(script, context, { timeout: NO_TIMEOUT_MS, displayErrors: true })
    prototype.runInContext.call(script, context, { timeout: 5_000 })
    prototype.runInContext.call(script, context)
    undo()
    prototype.runInContext.call(script, context, { timeout: NO_TIMEOUT_MS })
    expect(seen).toEqual([{ displayErrors: true }, { timeout: 5_000 }, undefined, { timeout: NO_TIMEOUT_MS }])
  })

  it('still cuts off a script that has a timeout of its own', () => {
    const undo = removeWatchdog()
    const context = vm.createContext({})
    expect(new vm.Script('1 + 1').runInContext(context, { timeout: NO_TIMEOUT_MS })).toBe(2)
    expect(() => new vm.Script('for (;;);').runInContext(context, { timeout: 20 })).toThrow('timed out')
    undo()
  })

  it('is away in the threads of a process that loaded the module too, unless WORKFLOW_WATCHDOG=on', async () => {
    expect(await run({ WORKFLOW_WATCHDOG: '' })).toBe('[true,true]\n')
    expect(await run({ WORKFLOW_WATCHDOG: 'on' })).toBe('[false,false]\n')
  })

  it("bites with the installed SDK: its workflow thread calls with the worker's timeout through runInContext", () => {
    const directory = join(createRequire(import.meta.url).resolve('@temporalio/worker'), '..')
    const source = readFileSync(join(directory, 'workflow/reusable-vm.js'), 'utf8')
    expect(source).toMatch(/callIntoVmScript\.runInContext\(context, \{\s*timeout: isolateExecutionTimeoutMs/)
  })
})
