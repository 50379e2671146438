import { spawnSync } from 'node:child_process'
import { createServer, type IncomingMessage } from 'node:http'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseDocument } from '../../domain/schema/index.ts'
import { curlLine, quote, readExamples, withVariables, type ExampleRequest } from '../../scripts/start/examples.ts'

const examples = readExamples(resolve(import.meta.dirname, '../../examples'))

describe('the examples', () => {
  it.each(examples.map(example => [example.name, example] as const))('%s is a cycle document that is accepted', (_, example) => {
    expect(parseDocument(example.document)).toMatchObject({ ok: true })
  })

  it('have a name of their own each, and requests for webhook steps that are there; none where a schedule begins them', () => {
    expect(new Set(examples.map(example => example.name)).size).toBe(examples.length)
    for (const example of examples) {
      const steps = JSON.stringify(example.document.steps)
      for (const request of example.requests) expect(steps).toContain(`"id":${JSON.stringify(request.step)}`)
      expect(example.requests.length > 0).toBe(!steps.includes('"type":"schedule"'))
    }
  })

  it('take values for their variables from examples before them', () => {
    const handOver = examples.findIndex(example => example.folder === 'lead-hand-over')
    const source = examples[handOver]?.variables.crmUrl
    expect(examples.slice(0, handOver).map(example => example.folder)).toContain(source?.example)
  })
})

describe('a line for the shell', () => {
  const request: ExampleRequest = {
    title: 'x',
    step: 's',
    method: 'POST',
    headers: { 'X-Note': "it's" },
    query: { 'a.b': '1 2' },
    body: { text: 'it\'s $HOME `x` \\ "q"' },
  }

  it('sends exactly the request when it is pasted', async () => {
    let seen: { readonly request: IncomingMessage; readonly body: string } | undefined
    const server = createServer((incoming, response) => {
      let body = ''
      incoming.on('data', chunk => {
        body += String(chunk)
      })
      incoming.on('end', () => {
        seen = { request: incoming, body }
        response.end()
      })
    })
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { run } = await import('../../scripts/provision/run.ts')
    const { code } = await run('sh', ['-c', curlLine(request, `http://127.0.0.1:${port}/api/webhook/abc`)])
    server.close()
    expect(code).toBe(0)
    expect(seen?.request.method).toBe('POST')
    expect(seen?.request.url).toBe('/api/webhook/abc?a.b=1+2')
    expect(seen?.request.headers).toMatchObject({ 'content-type': 'application/json', 'x-note': "it's" })
    expect(JSON.parse(seen?.body ?? '')).toEqual(request.body)
  })

  it('is a GET where there is no body', () => {
    expect(curlLine({ title: 'x', step: 's', method: 'GET', headers: {}, query: {} }, 'http://localhost:3000/x')).toBe('curl -sS -i http://localhost:3000/x')
  })

  it('quotes any word', () => {
    for (const word of ['plain', "it's", '$x', '', 'a b', '"', '\\', "''"]) {
      expect(spawnSync('sh', ['-c', `printf %s ${quote(word)}`], { encoding: 'utf8' }).stdout).toBe(word)
    }
  })
})

it('values are put into the variables that they name, and into no other', () => {
  const document = {
    variables: [
      { name: 'a', value: 1 },
      { name: 'b', value: 2 },
    ],
  }
  expect(withVariables(document, { b: 'url' })).toEqual({
    variables: [
      { name: 'a', value: 1 },
      { name: 'b', value: 'url' },
    ],
  })
})
