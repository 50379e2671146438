/**
 * Load generator for HTTP, run as a child process so that it does not share the server's event loop. It writes requests to
 * plain sockets and reads no more of the answers than it must: a client library would take half of what two cores can do.
 */
import { connect, type Socket } from 'node:net'
import { figures, type Figures } from './figures.ts'
import { serve } from './child.ts'

export interface HttpLoad {
  readonly url: string
  /** Default: POST. */
  readonly method?: 'GET'
  readonly connections: number
  readonly requests: number
  readonly maxMs: number
  /** `{n}` in body and headers is the number of the request, from `first` on. */
  readonly headers: { readonly [name: string]: string }
  readonly body: string
  readonly first: number
  /** Any other status is an error of the measurement. */
  readonly status: number
}

export interface HttpLoaded {
  readonly figures: Figures
  /** ms since the epoch at which the first request was written. */
  readonly startedAt: number
}

serve<HttpLoad, HttpLoaded>(async load => {
  const url = new URL(load.url)
  const sockets = await Promise.all(Array.from({ length: Math.min(load.connections, load.requests) }, () => open(url)))
  const times: number[] = []
  const startedAt = Date.now()
  const started = performance.now()
  let next = 0
  await Promise.all(
    sockets.map(async socket => {
      const answers = reader(socket)
      while (next < load.requests && performance.now() - started < load.maxMs) {
        const request = render(load, url, load.first + next++)
        const sent = performance.now()
        socket.write(request)
        const { status, body } = await answers()
        if (status !== load.status) throw new Error(`${load.url} answered ${status} ${body}, expected ${load.status}`)
        times.push(performance.now() - sent)
      }
      socket.destroy()
    }),
  )
  return { figures: figures(times, performance.now() - started), startedAt }
})

function open(url: URL): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true }, () => resolve(socket))
    socket.once('error', reject)
  })
}

function render(load: HttpLoad, url: URL, n: number): string {
  const body = load.body.replaceAll('{n}', String(n))
  const headers = Object.entries(load.headers).map(([name, value]) => `${name}: ${value.replaceAll('{n}', String(n))}\r\n`)
  return `${load.method ?? 'POST'} ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers.join('')}\r\n${body}`
}

interface Answer {
  readonly status: number
  readonly body: string
}

/** Reads one answer after another from a socket; all of them have a content-length. */
function reader(socket: Socket): () => Promise<Answer> {
  let text = ''
  let waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined
  let failed: Error | undefined
  const fail = (error: Error): void => {
    failed = error
    waiting?.reject(error)
  }
  const look = (): void => {
    const end = text.indexOf('\r\n\r\n')
    if (waiting === undefined || end < 0) return
    const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))
    if (length === null) return fail(new Error('the answer has no content-length'))
    const total = end + 4 + Number(length[1])
    if (text.length < total) return
    const answer = { status: Number(text.slice(9, 12)), body: text.slice(end + 4, total) }
    text = text.slice(total)
    const { resolve } = waiting
    waiting = undefined
    resolve(answer)
  }
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    text += chunk
    look()
  })
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the server closed the connection')))
  return () =>
    new Promise((resolve, reject) => {
      if (failed !== undefined) return reject(failed)
      waiting = { resolve, reject }
      look()
    })
}
