import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createLogger } from '../../platform/logger.ts'

function collect(): { readonly stream: Writable; readonly text: () => string } {
  let text = ''
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk)
      done()
    },
  })
  return { stream, text: () => text }
}

describe('logs (operations.md 6)', () => {
  it('are one JSON object a line, with the name of the process', () => {
    const { stream, text } = collect()
    createLogger({ logLevel: 'info' }, 'api', stream).info({ cycle: 'c1' }, 'accepted')
    expect(JSON.parse(text())).toMatchObject({ name: 'api', cycle: 'c1', msg: 'accepted', level: 30 })
    expect(text().trim().split('\n')).toHaveLength(1)
  })

  it('never show what stands under the name of a secret', () => {
    const { stream, text } = collect()
    createLogger({ logLevel: 'info' }, 'api', stream).info(
      { clientSecret: 'hidden-1', headers: { authorization: 'hidden-2' }, a: { b: { password: 'hidden-3' } } },
      'x',
    )
    expect(text()).not.toContain('hidden')
  })

  it('leave out what is below the level', () => {
    const { stream, text } = collect()
    createLogger({ logLevel: 'warn' }, 'api', stream).info('quiet')
    expect(text()).toBe('')
  })
})
