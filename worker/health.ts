/** `/healthz`, `/readyz` and `/metrics` of the worker (operations.md 6). */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Dependency {
  readonly name: string
  /** Rejects where the dependency does not answer, within its own time. */
  readonly check: () => Promise<void>
}

export interface HealthOptions {
  readonly host: string
  readonly port: number
  readonly dependencies: readonly Dependency[]
  /** Prometheus text of each source; one that fails is left out. */
  readonly metrics: readonly (() => Promise<string>)[]
  readonly contentType: string
}

export interface HealthServer {
  readonly port: number
  close(): Promise<void>
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType })
  response.end(body)
}

async function readiness(dependencies: readonly Dependency[]): Promise<{ readonly ready: boolean; readonly body: string }> {
  const states = await Promise.all(
    dependencies.map(
      async ({ name, check }) =>
        [
          name,
          await check().then(
            () => 'ok',
            () => 'unreachable',
          ),
        ] as const,
    ),
  )
  const ready = states.every(([, state]) => state === 'ok')
  return { ready, body: JSON.stringify({ status: ready ? 'ok' : 'unavailable', dependencies: Object.fromEntries(states) }) }
}

async function gathered(sources: HealthOptions['metrics']): Promise<string> {
  const texts = await Promise.all(sources.map(source => source().catch(() => '')))
  return texts.map(text => (text === '' || text.endsWith('\n') ? text : `${text}\n`)).join('')
}

/** Rejects where the port is taken. Port 0 takes any free one. */
export function serveHealth(options: HealthOptions): Promise<HealthServer> {
  const answer = async (path: string | undefined, response: ServerResponse): Promise<void> => {
    if (path === '/healthz') return send(response, 200, 'application/json', JSON.stringify({ status: 'ok' }))
    if (path === '/metrics') return send(response, 200, options.contentType, await gathered(options.metrics))
    if (path !== '/readyz') return send(response, 404, 'text/plain; charset=utf-8', 'Not found.')
    const { ready, body } = await readiness(options.dependencies)
    return send(response, ready ? 200 : 503, 'application/json', body)
  }
  const server = createServer((request, response) => {
    answer(request.url?.split('?')[0], response).catch(() => response.destroy())
  })
  server.requestTimeout = 10_000
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.off('error', reject)
      const address: AddressInfo | string | null = server.address()
      resolve({
        port: address === null || typeof address === 'string' ? 0 : address.port,
        close: () =>
          new Promise(closed => {
            server.close(() => closed())
            server.closeAllConnections()
          }),
      })
    })
  })
}
