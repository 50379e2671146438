/** An answer as it goes over the connection, and how it is made. */
import type { ServerResponse } from 'node:http'
import { z } from 'zod'
import type { ApiError } from '../../domain/errors.ts'
import type { Answer, Route } from '../route.ts'
import { errorToWire, toWire } from '../wire.ts'

export const written = z.object({ status: z.number(), headers: z.record(z.string(), z.string()), text: z.string() })
export type Written = z.infer<typeof written>

const JSON_TYPE = 'application/json; charset=utf-8'

/** By the schema that the route has for this status. */
export function writtenAnswer(route: Route, answer: Answer): Written {
  const headers: { [name: string]: string } = { ...answer.headers }
  if (answer.text !== undefined) return writtenText({ ...answer, text: answer.text })
  if (answer.body === undefined) return { status: answer.status, headers, text: '' }
  const spec = route.answers[answer.status]
  if (spec?.schema === undefined) throw new Error(`${route.method} ${route.path} answers ${answer.status}, which its table does not have`)
  const json = spec.plain === true ? answer.body : toWire(spec.schema, answer.body)
  return { status: answer.status, headers: { ...headers, 'Content-Type': JSON_TYPE }, text: JSON.stringify(json) }
}

/** What is text already: a page. */
export const writtenText = ({ status, headers, type = 'text/plain; charset=utf-8', text = '' }: Answer): Written => ({
  status,
  headers: { ...headers, 'Content-Type': type },
  text,
})

/** `id`: of a 5xx, which the log has. */
export function writtenError(error: ApiError, id?: string): Written {
  const headers: { [name: string]: string } = { 'Content-Type': JSON_TYPE }
  if (error.status === 401) headers['WWW-Authenticate'] = 'Bearer'
  if (error.status === 503) headers['Retry-After'] = '5'
  const body = errorToWire({ code: error.code, message: error.message, problems: error.problems, ...(id === undefined ? {} : { id }) })
  return { status: error.status, headers, text: JSON.stringify(body) }
}

export function send(res: ServerResponse, { status, headers, text }: Written, options: { readonly head: boolean; readonly store: boolean }): void {
  if (res.headersSent || res.destroyed) return
  const bodiless = status === 204
  res.writeHead(status, {
    ...headers,
    ...(options.store ? {} : { 'Cache-Control': 'no-store' }),
    'X-Content-Type-Options': 'nosniff',
    ...(bodiless ? {} : { 'Content-Length': String(Buffer.byteLength(text)) }),
  })
  res.end(bodiless || options.head ? undefined : text)
}
