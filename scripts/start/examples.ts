/** The examples of `examples/`: their documents and the requests that run them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

export interface ExampleRequest {
  /** What it shows, in a few words. */
  readonly title: string
  /** Webhook step that takes it. */
  readonly step: string
  readonly method: string
  readonly headers: { readonly [name: string]: string }
  readonly query: { readonly [name: string]: string }
  /** JSON, sent as such; absent: no body. */
  readonly body?: unknown
}

export interface Example {
  readonly folder: string
  readonly name: string
  readonly description: string
  /** The document, read from its YAML. */
  readonly document: { readonly [name: string]: unknown }
  /** Variables whose value is the URL of a webhook step of an example before this one. */
  readonly variables: { readonly [name: string]: { readonly example: string; readonly step: string } }
  readonly requests: readonly ExampleRequest[]
}

/** Reads `examples.yaml` and the documents that it names; throws where one is not as it should be. */
export function readExamples(folder: string): readonly Example[] {
  const manifest: unknown = parse(readFileSync(join(folder, 'examples.yaml'), 'utf8'))
  return list(manifest, 'examples.yaml').map((entry, i) => {
    const where = `examples.yaml[${i}]`
    const at = record(entry, where)
    const name = text(at.folder, `${where}.folder`)
    const document = record(parse(readFileSync(join(folder, name, 'cycle.yaml'), 'utf8')), `${name}/cycle.yaml`)
    return {
      folder: name,
      name: text(document.name, `${name}/cycle.yaml name`),
      description: text(document.description, `${name}/cycle.yaml description`).trim().replace(/\s+/g, ' '),
      document,
      variables: Object.fromEntries(
        Object.entries(record(at.variables ?? {}, `${where}.variables`)).map(([variable, source]) => [variable, readSource(source, where)]),
      ),
      requests: list(at.requests, `${where}.requests`).map((each, j) => readRequest(each, `${where}.requests[${j}]`)),
    }
  })
}

function readSource(value: unknown, where: string): { readonly example: string; readonly step: string } {
  const at = record(value, `${where}.variables`)
  return { example: text(at.example, `${where}.variables.example`), step: text(at.step, `${where}.variables.step`) }
}

/** The document with values put into its variables. */
export function withVariables(document: Example['document'], values: { readonly [name: string]: string }): Example['document'] {
  const variables = list(document.variables ?? [], 'variables').map(each => {
    const variable = record(each, 'variables')
    const value = values[String(variable.name)]
    return value === undefined ? variable : { ...variable, value }
  })
  return variables.length === 0 ? document : { ...document, variables }
}

function readRequest(value: unknown, where: string): ExampleRequest {
  const at = record(value, where)
  return {
    title: text(at.title, `${where}.title`),
    step: text(at.step, `${where}.step`),
    method: at.method === undefined ? 'POST' : text(at.method, `${where}.method`),
    headers: texts(at.headers, `${where}.headers`),
    query: texts(at.query, `${where}.query`),
    ...(at.body === undefined ? {} : { body: at.body }),
  }
}

/** A line for a shell that sends the request to a URL. */
export function curlLine(request: ExampleRequest, url: string): string {
  const query = new URLSearchParams(request.query).toString()
  const parts = ['curl', '-sS', '-i']
  if (request.method !== (request.body === undefined ? 'GET' : 'POST')) parts.push('-X', request.method)
  parts.push(quote(query === '' ? url : `${url}?${query}`))
  const headers = request.body === undefined ? request.headers : { 'Content-Type': 'application/json', ...request.headers }
  for (const [name, value] of Object.entries(headers)) parts.push('-H', quote(`${name}: ${value}`))
  if (request.body !== undefined) parts.push('-d', quote(JSON.stringify(request.body)))
  return parts.join(' ')
}

/** As one word of a POSIX shell. */
export const quote = (word: string): string => (/^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)

function record(value: unknown, where: string): { readonly [name: string]: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${where} is not a mapping`)
  return Object.fromEntries(Object.entries(value))
}

function list(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${where} is not a list`)
  return value
}

function text(value: unknown, where: string): string {
  if (typeof value !== 'string' || value === '') throw new Error(`${where} is not a text`)
  return value
}

function texts(value: unknown, where: string): { readonly [name: string]: string } {
  if (value === undefined) return {}
  return Object.fromEntries(Object.entries(record(value, where)).map(([name, each]) => [name, text(each, `${where}.${name}`)]))
}
