/** The HTTP server around the application: its limits, and its orderly end (operations.md 4 and 6). */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ApiServer {
  readonly port: number
  /** Stops accepting, and resolves when the last request has been answered; idle connections are closed. */
  close(): Promise<void>
  /** Breaks what is still open. */
  destroy(): void
}

/** Sending its headers (ms): a slow one is cut off (408). */
const HEADERS_TIMEOUT = 15_000
/** Sending the whole request (ms). How long an answer may take is another matter: synchronous webhooks are held up to 600 s. */
const REQUEST_TIMEOUT = 60_000
/** Longer than the idle time of common proxies (ms), so that it is they who close. */
const KEEP_ALIVE_TIMEOUT = 75_000
const MAX_HEADER_BYTES = 32 * 1024
const IDLE_CHECK = 100

/** Listens; rejects where the port is taken. Port 0 takes any free one. */
export async function serve(app: RequestListener, address: { readonly host: string; readonly port: number }): Promise<ApiServer> {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
      connectionsCheckingInterval: 5_000,
    },
    app,
  )
  server.timeout = 0
  await listen(server, address)
  return {
    port: portOf(server.address()),
    close: () =>
      new Promise(resolve => {
        // A connection becomes idle when its answer is out: nothing tells, so it is looked for.
        const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK)
        server.close(() => {
          clearInterval(idle)
          resolve()
        })
        server.closeIdleConnections()
      }),
    destroy: () => server.closeAllConnections(),
  }
}

function listen(server: Server, { host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: 4_096 }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

const portOf = (address: AddressInfo | string | null): number => (address === null || typeof address === 'string' ? 0 : address.port)
