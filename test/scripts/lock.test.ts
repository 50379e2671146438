import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isAlive, processBegan, takeLock } from '../../scripts/start/lock.ts'

const lockFile = (): string => join(mkdtempSync(join(tmpdir(), 'flywheel-lock-')), 'lock.json')

/** A process that lives until the test ends it. */
async function withStranger<T>(use: (stranger: { pid: number; began: string }) => T): Promise<T> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  const { pid } = child
  if (pid === undefined) throw new Error('no child')
  try {
    return use({ pid, began: processBegan(pid) ?? '' })
  } finally {
    child.kill('SIGKILL')
  }
}

describe('the lock of a data folder (operations.md 1)', () => {
  it('is taken once: a second start is told who holds it, and where that one answers', async () => {
    const file = lockFile()
    await withStranger(stranger => {
      writeFileSync(file, JSON.stringify({ ...stranger, url: 'http://localhost:3000', children: [] }))
      const taken = takeLock(file)
      expect('holder' in taken && taken.holder).toMatchObject({ pid: stranger.pid, url: 'http://localhost:3000' })
    })
  })

  it('is taken over from a process that is gone, with what that one left', () => {
    const file = lockFile()
    const children = [{ name: 'redis', pid: 2 ** 22 + 1, began: '1' }]
    writeFileSync(file, JSON.stringify({ pid: 2 ** 22 + 2, began: '1', children }))
    const taken = takeLock(file)
    expect('lock' in taken && taken.left?.children).toEqual(children)
  })

  it('is taken over where another process has the id by now', async () => {
    const file = lockFile()
    await withStranger(({ pid }) => {
      writeFileSync(file, JSON.stringify({ pid, began: 'long ago', children: [] }))
      expect('lock' in takeLock(file)).toBe(true)
    })
  })

  it('is taken over where the file is torn', () => {
    const file = lockFile()
    writeFileSync(file, '{"pid":')
    expect('lock' in takeLock(file)).toBe(true)
  })

  it('tells where it answers, and is gone when it is released', () => {
    const file = lockFile()
    const taken = takeLock(file)
    if (!('lock' in taken)) throw new Error('not taken')
    taken.lock.update({ url: 'http://localhost:3001' })
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ pid: process.pid, url: 'http://localhost:3001' })
    taken.lock.release()
    expect('lock' in takeLock(file)).toBe(true)
  })

  it('knows a living process from one that is gone', async () => {
    expect(isAlive({ pid: process.pid, began: processBegan(process.pid) ?? '' })).toBe(true)
    const gone = await withStranger(stranger => stranger)
    await expect.poll(() => isAlive(gone)).toBe(false)
  })
})
