import { afterEach, describe, expect, it } from 'vitest'
import { serveHealth, type HealthServer } from '../../worker/health.ts'

let server: HealthServer | undefined
afterEach(() => server?.close())

const ok = async (): Promise<void> => undefined
const down = (): Promise<void> => Promise.reject(new Error('refused'))

async function get(path: string, checks: { readonly [name: string]: () => Promise<void> } = {}): Promise<{ status: number; body: string }> {
  server = await serveHealth({
    host: '127.0.0.1',
    port: 0,
    dependencies: Object.entries(checks).map(([name, check]) => ({ name, check })),
    metrics: [async () => 'ours 1', () => Promise.reject(new Error('away')), async () => "temporal's 2\n"],
    contentType: 'text/plain; version=0.0.4',
  })
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`)
  return { status: answer.status, body: await answer.text() }
}

describe("the worker's health endpoint (operations.md 6)", () => {
  it('is healthy as long as the process answers', async () => {
    expect(await get('/healthz', { redis: down })).toEqual({ status: 200, body: '{"status":"ok"}' })
  })

  it('is ready when all that it needs is, each named', async () => {
    expect(await get('/readyz', { redis: ok, temporal: ok })).toEqual({ status: 200, body: '{"status":"ok","dependencies":{"redis":"ok","temporal":"ok"}}' })
  })

  it('is not ready when one is missing, and tells which', async () => {
    expect(await get('/readyz?x=1', { redis: ok, temporal: down })).toEqual({
      status: 503,
      body: '{"status":"unavailable","dependencies":{"redis":"ok","temporal":"unreachable"}}',
    })
  })

  it('gives the metrics of every source that answers', async () => {
    expect(await get('/metrics')).toEqual({ status: 200, body: "ours 1\ntemporal's 2\n" })
  })

  it('knows no other page', async () => {
    expect((await get('/')).status).toBe(404)
  })
})
