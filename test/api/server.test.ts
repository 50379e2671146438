import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { serve } from '../../api/server.ts'
import { until } from '../support/until.ts'

const LOCAL = { host: '127.0.0.1', port: 0 }

function socketTo(port: number): { readonly socket: Socket; readonly text: () => string; readonly closed: () => boolean } {
  const socket = connect(port, LOCAL.host)
  let text = ''
  let closed = false
  socket.on('data', chunk => (text += String(chunk)))
  socket.on('close', () => (closed = true))
  socket.on('error', () => undefined)
  return { socket, text: () => text, closed: () => closed }
}

describe('the HTTP server', () => {
  it('refuses headers over its limit', async () => {
    const server = await serve((_req, res) => res.end('ok'), LOCAL)
    const { socket, text } = socketTo(server.port)
    socket.write(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(64 * 1024)}\r\n\r\n`)
    expect(await until(() => text().startsWith('HTTP/1.1 431'))).toBe(true)
    await server.close()
  })

  it('says when its port is taken', async () => {
    const server = await serve((_req, res) => res.end(), LOCAL)
    await expect(serve((_req, res) => res.end(), { host: LOCAL.host, port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await server.close()
  })

  it('on closing answers what it has, accepts nothing more, and closes what is idle', async () => {
    let finish: (() => void) | undefined
    const server = await serve((_req, res) => (finish = () => res.end('late')), LOCAL)
    const held = socketTo(server.port)
    held.socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    await until(() => finish !== undefined)
    let closed = false
    const closing = server.close().then(() => (closed = true))
    const refused = socketTo(server.port)
    await until(() => refused.closed())
    expect([refused.text(), closed]).toEqual(['', false])
    finish?.()
    await closing
    expect(held.text()).toContain('late')
  })
})
