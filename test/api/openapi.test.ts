import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApi } from '../../api/docs/openapi.ts'
import type { Json } from '../../domain/json.ts'
import { routes } from '../../api/routes/index.ts'
import { apiHarness, at, type ApiHarness } from './harness.ts'

let api: ApiHarness
beforeAll(async () => {
  api = await apiHarness()
})
afterAll(() => api.close())

const document = openApi(routes)
const properties = (value: Json | undefined): [string, Json][] =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
const property = (value: Json | undefined, name: string): Json | undefined => properties(value).find(([one]) => one === name)?.[1]
const names = (value: Json | undefined): string[] => properties(value).map(([name]) => name)

describe('the OpenAPI document', () => {
  it('describes every route, with its parameters and answers', () => {
    for (const { method, path, answers, params } of routes) {
      const operation = property(property(document.paths, path), method.toLowerCase())
      expect(operation, `${method} ${path}`).toBeDefined()
      expect(String(property(operation, 'summary')).length).toBeGreaterThan(5)
      expect(names(property(operation, 'responses'))).toEqual(expect.arrayContaining(Object.keys(answers)))
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(match => match[1])
      expect(Object.keys(params ?? {})).toEqual(inPath)
    }
  })

  it('names each operation once', () => {
    const ids = properties(document.paths).flatMap(([, methods]) => properties(methods).map(([, operation]) => property(operation, 'operationId')))
    expect(new Set(ids).size).toBe(routes.length)
  })

  it('refers only to shapes that it has, and names properties in PascalCase', () => {
    const schemas = property(document.components, 'schemas')
    for (const [, name] of JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)) expect(names(schemas)).toContain(name)
    for (const [, schema] of properties(schemas)) for (const name of names(property(schema, 'properties'))) expect(name).toMatch(/^[A-Z]/)
  })

  it('is the one that is committed', () => {
    expect(JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8'))).toEqual(document)
  })

  it('is served, with its page and the schema of the document', async () => {
    expect((await api.call('GET', '/openapi.json')).json).toEqual(document)
    const page = await api.call('GET', '/docs')
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    for (const { path } of routes) expect(page.text).toContain(path)
    expect(page.text).not.toMatch(/<script|(src|href)="https?:/)
    const schema = await api.call('GET', '/schemas/cycle.json')
    expect(at(schema.json, 'properties.steps')).toBeDefined()
  })
})
