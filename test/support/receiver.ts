import { createServer, type IncomingMessage, type Server } from 'node:http'
import { until } from './until.ts'

export interface ReceivedRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly text: string
  /** The body as JSON; undefined where it is none. */
  readonly json: unknown
  /** ms, monotonic. */
  readonly at: number
}

export interface ReceiverAnswer {
  readonly status?: number
  readonly headers?: { readonly [name: string]: string }
  /** Text as it is, anything else as JSON. */
  readonly body?: unknown
}

export type Respond = (request: ReceivedRequest) => ReceiverAnswer | undefined | Promise<ReceiverAnswer | undefined>

/** A local HTTP server that steps call: it records every request and answers as `respond` says (default: 200 and `{}`). */
export interface TestReceiver {
  readonly url: string
  readonly requests: readonly ReceivedRequest[]
  /** Requests to one path. */
  at(path: string): readonly ReceivedRequest[]
  respond(how: Respond): void
  /** Waits until at least `count` requests came to a path; answers them. */
  waitFor(path: string, count?: number, timeoutMs?: number): Promise<readonly ReceivedRequest[]>
  close(): Promise<void>
}

export async function startReceiver(respond: Respond = () => undefined): Promise<TestReceiver> {
  const requests: ReceivedRequest[] = []
  let how = respond
  const server = createServer((req, res) => {
    const answer = async (): Promise<void> => {
      const request = await received(req)
      requests.push(request)
      const { status = 200, headers = {}, body = {} } = (await how(request)) ?? {}
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      res.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/json', ...headers })
      res.end(text)
    }
    answer().catch(() => res.destroy())
  })
  const port = await listen(server)
  const at = (path: string): readonly ReceivedRequest[] => requests.filter(request => request.path === path)
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    at,
    respond: next => {
      how = next
    },
    waitFor: (path, count = 1, timeoutMs = 60_000) =>
      until(
        () => {
          const found = at(path)
          return found.length >= count && found
        },
        { timeoutMs, what: `${count} requests to ${path} (${at(path).length} before)` },
      ),
    close: () =>
      new Promise<void>((resolve, reject) => {
        server.close(error => (error ? reject(error) : resolve()))
        server.closeAllConnections()
      }),
  }
}

async function received(req: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(Buffer.from(chunk))
  const text = Buffer.concat(chunks).toString('utf8')
  const url = new URL(req.url ?? '/', 'http://receiver')
  return { method: req.method ?? '', path: url.pathname, query: url.searchParams, headers: req.headers, text, json: parsed(text), at: performance.now() }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') reject(new Error('The receiver has no port'))
      else resolve(address.port)
    })
  })
}
