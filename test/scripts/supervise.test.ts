import { describe, expect, it } from 'vitest'
import { supervise, type ChildSpec } from '../../scripts/start/supervise.ts'

const script = (source: string): ChildSpec => ({ name: 'child', command: process.execPath, args: ['-e', source], graceMs: 20_000 })

function watch() {
  const lines: string[] = []
  const deaths: { readonly how: string; readonly delayMs: number }[] = []
  const pids: number[] = []
  const events = {
    line: (_: string, text: string) => void lines.push(text),
    started: (_: string, pid: number) => void pids.push(pid),
    died: (_: string, how: string, delayMs: number) => void deaths.push({ how, delayMs }),
  }
  return { lines, deaths, pids, events }
}

describe('supervision (operations.md 1)', () => {
  it('starts a child again that was killed', async () => {
    const { lines, deaths, pids, events } = watch()
    const child = supervise(script(`console.log('up'); setInterval(() => {}, 1000)`), events)
    await expect.poll(() => lines, { timeout: 20_000 }).toEqual(['up'])
    process.kill(pids[0] ?? 0, 'SIGKILL')
    await expect.poll(() => lines, { timeout: 20_000 }).toEqual(['up', 'up'])
    expect(deaths[0]?.how).toBe('killed by SIGKILL')
    expect(child.deaths()).toBe(1)
    await child.stop()
    expect(child.pid()).toBeUndefined()
    expect(deaths).toHaveLength(1)
  })

  it('waits longer each time that a child dies at once', async () => {
    const { deaths, events } = watch()
    const child = supervise(script('process.exit(3)'), events)
    await expect.poll(() => deaths.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(2)
    await child.stop()
    expect(deaths[0]?.how).toBe('exit code 3')
    expect(deaths[1]?.delayMs).toBeGreaterThan(deaths[0]?.delayMs ?? 0)
  })

  it('tells where a program is not there', async () => {
    const { deaths, events } = watch()
    const child = supervise({ name: 'child', command: '/is/not/there', args: [], graceMs: 1_000 }, events)
    await expect.poll(() => deaths.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(1)
    await child.stop()
    expect(deaths[0]?.how).toContain('ENOENT')
  })

  it('kills a child that does not end within its grace', async () => {
    const { lines, events } = watch()
    const child = supervise({ ...script(`process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)`), graceMs: 50 }, events)
    await expect.poll(() => lines, { timeout: 20_000 }).toEqual(['up'])
    await child.stop()
    expect(child.pid()).toBeUndefined()
  })
})
