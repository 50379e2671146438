/** The reference as a page: plain HTML made from the OpenAPI document, with nothing fetched from elsewhere. */
import type { Json, JsonObject } from '../../domain/json.ts'

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430}
code,pre{font:14px/1.45 ui-monospace,monospace}pre{background:#f4f6f8;padding:.75rem;overflow-x:auto;border-radius:4px}
section{border-top:1px solid #d8dee6;margin-top:1.5rem}h3{margin-bottom:.25rem}h3 b{color:#0b5cad;margin-right:.5rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #eceff3}
nav a{display:block}details{margin:.5rem 0}@media(prefers-color-scheme:dark){body{background:#14181e;color:#dde3ea}pre{background:#1f252d}h3 b,a{color:#6db3ff}section,td,th{border-color:#333b46}}`

export function docsPage(document: JsonObject): string {
  const info = object(document.info)
  const operations = Object.entries(object(document.paths)).flatMap(([path, methods]) =>
    Object.entries(object(methods)).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation: object(operation) })),
  )
  const tags = list(document.tags).map(tag => text(object(tag).name))
  const sections = tags.map(tag => {
    const here = operations.filter(({ operation }) => list(operation.tags).includes(tag))
    return `<h2>${html(tag)}</h2>${here.map(({ path, method, operation }) => section(path, method, operation)).join('')}`
  })
  const links = operations.map(({ path, method, operation }) => `<a href="#${html(text(operation.operationId))}">${method} ${html(path)}</a>`)
  const schemas = Object.entries(object(object(document.components).schemas)).map(
    ([name, schema]) => `<details id="schema-${html(name)}"><summary>${html(name)}</summary>${code(schema)}</details>`,
  )
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${html(text(info.title))}</title><style>${STYLE}</style></head>
<body><h1>${html(text(info.title))}</h1><p>${html(text(info.description))}</p><p><a href="/openapi.json">OpenAPI 3.1</a> · <a href="/schemas/cycle.json">Schema of the cycle document</a></p>
<nav>${links.join('')}</nav>${sections.join('')}<h2>Shapes</h2>${schemas.join('')}</body></html>`
}

function section(path: string, method: string, operation: JsonObject): string {
  const parameters = list(operation.parameters).map(object)
  const rows = parameters.map(
    one =>
      `<tr><td><code>${html(text(one.name))}</code></td><td>${html(text(one.in))}${one.required === true ? ', required' : ''}</td><td>${html(text(one.description))}</td></tr>`,
  )
  const bodies = Object.entries(object(object(operation.requestBody).content)).map(
    ([type, content]) => `<details><summary>Body: ${html(type)}</summary>${code(object(content).schema ?? {})}</details>`,
  )
  const answers = Object.entries(object(operation.responses)).map(([status, answer]) => answerRow(status, object(answer)))
  return `<section id="${html(text(operation.operationId))}"><h3><b>${method}</b><code>${html(path)}</code></h3><p>${html(text(operation.summary))}. ${html(text(operation.description))}</p>
${rows.length === 0 ? '' : `<table>${rows.join('')}</table>`}${bodies.join('')}<table><tr><th>Status</th><th>Answer</th></tr>${answers.join('')}</table></section>`
}

function answerRow(status: string, answer: JsonObject): string {
  const schema = Object.values(object(answer.content)).map(content => object(object(content).schema))[0]
  const name = [schema?.$ref, object(schema?.items).$ref]
    .map(text)
    .find(ref => ref !== '')
    ?.split('/')
    .at(-1)
  const shape = name === undefined ? '' : ` · <a href="#schema-${html(name)}">${html(name)}</a>`
  return `<tr><td>${html(status)}</td><td>${html(text(answer.description))}${shape}</td></tr>`
}

const code = (value: Json): string => `<pre>${html(JSON.stringify(value, null, 2))}</pre>`
const object = (value: Json | undefined): JsonObject => (typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {})
const list = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : [])
const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
const html = (value: string): string => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
