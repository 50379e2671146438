import { PassThrough } from 'node:stream'
import { createServer, request, type ClientRequest, type Server } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { readBody, type ReadBody } from '../../../api/webhooks/body.ts'

let server: Server | undefined
afterEach(() => server?.close())

/** Sends what `send` writes, and answers what the reader made of it. */
async function readOf(limit: number, send: (req: ClientRequest) => void): Promise<ReadBody> {
  return new Promise((resolve, reject) => {
    const made = createServer((req, res) => {
      readBody(req, req.headers['content-length'], limit).then(result => {
        res.end()
        resolve(result)
      }, reject)
    })
    server = made
    made.listen(0, '127.0.0.1', () => {
      const address = made.address()
      if (address === null || typeof address === 'string') throw new Error('no port')
      const req = request({ port: address.port, host: '127.0.0.1', method: 'POST' }, res => res.resume())
      req.on('error', () => {})
      send(req)
    })
  })
}

describe('the body of a request', () => {
  it('is read whole up to the limit', async () => {
    expect(await readOf(5, req => req.end('12345'))).toEqual({ state: 'read', raw: Buffer.from('12345') })
  })

  it('is put together from its chunks', async () => {
    const result = await readOf(100, req => {
      const source = new PassThrough()
      source.pipe(req)
      source.write('ab')
      setImmediate(() => source.end('cd'))
    })
    expect(result).toEqual({ state: 'read', raw: Buffer.from('abcd') })
  })

  it('is empty where none was sent', async () => {
    expect(await readOf(5, req => req.end())).toEqual({ state: 'read', raw: Buffer.alloc(0) })
  })

  it('that declares more than the limit is refused before a byte of it came', async () => {
    const result = await readOf(5, req => {
      req.setHeader('content-length', '6')
      req.flushHeaders()
    })
    expect(result).toEqual({ state: 'tooLarge' })
  })

  it('that grows over the limit without having declared it is refused', async () => {
    const result = await readOf(5, req => {
      req.setHeader('transfer-encoding', 'chunked')
      req.write('123456')
    })
    expect(result).toEqual({ state: 'tooLarge' })
  })

  it('of a sender that hangs up in the middle is gone', async () => {
    const result = await readOf(10, req => {
      req.setHeader('content-length', '10')
      req.write('123', () => req.destroy())
    })
    expect(result).toEqual({ state: 'gone' })
  })
})
