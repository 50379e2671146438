import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { freePort } from '../../scripts/provision/ports.ts'
import { run } from '../../scripts/provision/run.ts'
import { waitFor } from '../../scripts/start/wait.ts'

const ROOT = resolve(import.meta.dirname, '../..')

interface Start {
  readonly process: ChildProcess
  output(): string
  /** Waits for a text in the output; fails with the output where the process ends before. */
  told(text: string): Promise<void>
  ended(): Promise<number | null>
}

/** These and what else a shell has, but for what would say where Flywheel is. */
const shell = (env: { readonly [name: string]: string }): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(REDIS_URL|PORT|LOG_LEVEL|CLIENT_|ENCRYPTION_|FLYWHEEL_)/.test(name))),
  ...env,
})

function begin(env: { readonly [name: string]: string }): Start {
  const child = spawn(process.execPath, ['scripts/start.mjs'], { cwd: ROOT, env: shell(env), stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', chunk => {
      output += String(chunk)
    })
  }
  const end = new Promise<number | null>(done => child.on('close', done))
  return {
    process: child,
    output: () => output,
    ended: () => end,
    async told(text) {
      await waitFor(async () => output.includes(text) || child.exitCode !== null, 180_000)
      if (!output.includes(text)) throw new Error(`"${text}" was not told:\n${output}`)
    },
  }
}

describe('npm start (operations.md 1)', { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'flywheel-start-'))
  let env: { readonly [name: string]: string }
  let first: Start

  beforeAll(async () => {
    env = { DATA_DIR: folder, PORT: String(await freePort(0)), TEMPORAL_ADDRESS: inject('temporalAddress'), TEMPORAL_TASK_QUEUE: `test-${randomUUID()}` }
    first = begin(env)
    await first.told('Ctrl-C stops all of it')
  }, 240_000)
  afterAll(async () => {
    first.process.kill('SIGTERM')
    await first.ended()
    rmSync(folder, { recursive: true, force: true })
  }, 120_000)

  const curlLines = (): readonly string[] =>
    first
      .output()
      .split('\n')
      .filter(line => line.startsWith('curl '))
  const lock = (): { readonly children: readonly { readonly name: string; readonly pid: number }[] } =>
    JSON.parse(readFileSync(join(folder, 'lock.json'), 'utf8'))
  const pidOf = (name: string): number => lock().children.find(child => child.name === name)?.pid ?? 0

  it('ends in a list of lines each of which works when pasted', async () => {
    const expected = [/"access_token"/, / 200 .*"available":true/s, / 409 /, / 404 .*There is no article/s, / 201 /, /Webhook accepted\./, /4711/]
    const lines = curlLines()
    expect(lines.length).toBeGreaterThanOrEqual(expected.length)
    for (const [i, line] of lines.entries()) {
      const { code, output } = await run('sh', ['-c', line])
      expect(code).toBe(0)
      expect(output).toMatch(expected[i] ?? / 200 .*Webhook accepted\./s)
    }
  })

  it('is found by the flywheel command, which wants nothing but the account', async () => {
    const list = await run(process.execPath, ['dist/cli/main.js', 'cycles', 'list', '--account', 'demo'], { cwd: ROOT, env: shell(env) })
    expect(list.output).toMatch(/^NAME +STATE .*\n(.+  Active  .+\n){5,}$/)
    const asked = await run(process.execPath, ['dist/cli/main.js', 'cycles', 'list'], { cwd: ROOT, env: shell(env) })
    expect([asked.code, asked.output]).toEqual([2, expect.stringContaining('There are: demo.')])
  })

  it('refuses to run twice on one data folder, and tells where the first one is', async () => {
    const second = begin(env)
    expect(await second.ended()).toBe(1)
    expect(second.output()).toContain('Flywheel runs already')
    expect(second.output()).toContain(`http://localhost:${env.PORT ?? ''}`)
  })

  it('starts again what was killed, on its data', async () => {
    const before = new Map(['redis', 'api', 'worker'].map(name => [name, pidOf(name)]))
    for (const pid of before.values()) process.kill(pid, 'SIGKILL')
    const line = curlLines()[1] ?? ''
    await expect.poll(async () => (await run('sh', ['-c', line])).output, { timeout: 120_000, interval: 250 }).toContain('"available":true')
    for (const [name, pid] of before) expect(pidOf(name)).not.toBe(pid)
  })

  it('stops all of it at Ctrl-C, and goes on with its data at the next start', async () => {
    const children = lock().children.map(child => child.pid)
    const lines = curlLines()
    first.process.kill('SIGINT')
    expect(await first.ended()).toBe(0)
    for (const pid of children) expect(() => process.kill(pid, 0)).toThrow()
    first = begin(env)
    await first.told('Ctrl-C stops all of it')
    expect(curlLines()).toEqual(lines)
  })

  it('ends what a start left that was killed, and takes its place', async () => {
    first.process.kill('SIGKILL')
    await first.ended()
    first = begin(env)
    await first.told('Ctrl-C stops all of it')
    expect(first.output()).toContain('An earlier start was killed')
    expect((await run('sh', ['-c', curlLines()[1] ?? ''])).output).toContain('"available":true')
  })
})
