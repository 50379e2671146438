/** What watches and describes the process: health, metrics, schema and reference. */
import { z } from 'zod'
import { connectorJsonSchema, jsonSchema } from '../../domain/schema/index.ts'
import type { JsonObject } from '../../domain/json.ts'
import { docsPage } from '../docs/page.ts'
import { openApi } from '../docs/openapi.ts'
import { noBody, noQuery, publicRoute, type Answer, type Route } from '../route.ts'
import * as schemas from '../schemas.ts'
import type { Services } from '../services.ts'

const TAG = 'Operations'
const CHECK_MS = 3_000
const json = (value: unknown): Answer => ({ status: 200, text: JSON.stringify(value, null, 2), type: 'application/json; charset=utf-8' })
const common = { method: 'GET', tag: TAG, query: noQuery, body: noBody } as const

/** `routes`: the whole table, these included; asked for when a request comes. */
export function operationRoutes(routes: () => readonly Route[]): readonly Route[] {
  let made: JsonObject | undefined
  const reference = (): JsonObject => (made ??= openApi(routes()))
  return [
    publicRoute({
      ...common,
      path: '/healthz',
      summary: 'Says that the process lives',
      answers: { 200: { description: 'It does.', schema: z.object({ status: z.literal('ok') }) } },
      handler: () => ({ status: 200, body: { status: 'ok' } }),
    }),
    publicRoute({
      ...common,
      path: '/readyz',
      summary: 'Says whether each dependency answers',
      answers: {
        200: { description: 'All of them do.', schema: schemas.readiness },
        503: { description: 'One of them does not.', schema: schemas.readiness },
      },
      handler: async ({ dependencies }) => {
        const states = await Promise.all(dependencies.map(stateOf))
        const ready = states.every(({ status }) => status === 'up')
        return { status: ready ? 200 : 503, body: { status: ready ? 'ready' : 'unavailable', dependencies: states } }
      },
    }),
    publicRoute({
      ...common,
      path: '/metrics',
      summary: 'Metrics for Prometheus',
      answers: { 200: { description: 'Metrics in text form.', type: 'text/plain' } },
      handler: async ({ metrics }) => ({ status: 200, text: await metrics.metrics(), type: metrics.contentType }),
    }),
    publicRoute({
      ...common,
      path: '/schemas/cycle.json',
      summary: 'JSON Schema of the cycle document',
      answers: { 200: { description: 'JSON Schema.', type: 'application/json' } },
      handler: () => json(jsonSchema()),
    }),
    publicRoute({
      ...common,
      path: '/schemas/connector.json',
      summary: 'JSON Schema of the connector document',
      answers: { 200: { description: 'JSON Schema.', type: 'application/json' } },
      handler: () => json(connectorJsonSchema()),
    }),
    publicRoute({
      ...common,
      path: '/openapi.json',
      summary: 'This API as OpenAPI 3.1',
      answers: { 200: { description: 'OpenAPI 3.1.', type: 'application/json' } },
      handler: () => json(reference()),
    }),
    publicRoute({
      ...common,
      path: '/docs',
      summary: 'This API as a page',
      answers: { 200: { description: 'The reference.', type: 'text/html' } },
      handler: () => ({
        status: 200,
        text: docsPage(reference()),
        type: 'text/html; charset=utf-8',
        headers: { 'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'" },
      }),
    }),
  ]
}

async function stateOf({ name, check }: Services['dependencies'][number]) {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), CHECK_MS)
  })
  try {
    await Promise.race([check(), late])
    return { name, status: 'up' as const }
  } catch {
    return { name, status: 'down' as const, message: 'It does not answer.' }
  } finally {
    clearTimeout(timer)
  }
}
