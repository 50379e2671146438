import { describe, expect, it } from 'vitest'
import { documentOf, problems } from './documents.ts'

const variables = [
  { name: 'url', value: 'http://x' },
  { name: 'key', secret: true, value: 's' },
]
const request = (part: object) => problems(documentOf([{ id: 'call', type: 'request', method: 'GET', url: 'http://x', ...part }], { variables }))
const body = (text: unknown) => request({ body: text }).map(problem => problem.replace(/^steps\[1\]\.body[^:]*: /, ''))

describe('merge fields are checked when a document is saved', () => {
  it.each([
    '{{order.body.any["thing"][0]}}',
    '{{variables.url}}',
    '{{variables["url"]}}',
    '{{webhooks.order.url}}',
    '{{transaction.id}} {{transaction.startedAt}} {{cycle.id}} {{cycle.name}} {{account.id}} {{account.apiId}} {{account.name}}',
    '\\{{nowhere}}',
    '\\= {{order.body}}',
    '={{order.body.id}} + "{{variables.url}}"',
    'no } field { here',
  ])('%s is right', text => {
    expect(body(text)).toEqual([])
  })
  it.each([
    ['{{ordr.body}}', 'ordr.body begins with "ordr", which is neither a step nor variables, webhooks, transaction, cycle or account. Did you mean "order"?'],
    ['{{done.body}}', 'The step "done" is not upstream of "call": its data cannot be there yet'],
    ['{{call.body}}', 'The step "call" is this step itself: its data cannot be there yet'],
    ['{{variables.ulr}}', 'The variable "ulr" is not declared in variables. Did you mean "url"?'],
    ['{{variables}}', 'Must name a variable: variables.NAME'],
    ['{{webhooks.ordr.url}}', 'The webhook step "ordr" does not exist. Did you mean "order"?'],
    ['{{webhooks.call.url}}', 'The webhook step "call" is not of type webhook.'],
    ['{{webhooks.order}}', 'Of a webhook step there is its address: webhooks.order.url'],
    ['{{webhooks[0].url}}', 'Must name a webhook step: webhooks.STEP.url'],
    ['{{transaction.di}}', 'There is no transaction.di, only transaction.id, transaction.startedAt. Did you mean "id"?'],
    ['{{cycle}}', 'There is no cycle, only cycle.id, cycle.name.'],
    ['{{account.name.first}}', 'There is no account.name.first, only account.id, account.apiId, account.name. Did you mean "name"?'],
    ['{{order.body', '{{order.body is not a merge field: the closing }} is missing. Write \\{{ for literal braces'],
    ['{{order.body | upper}}', '{{order.body | upper}} is not a merge field: only one path may stand in it. Write \\{{ for literal braces'],
    ['{{}}', '{{}} is not a merge field: A path begins with a name, as in order.body.id. Write \\{{ for literal braces'],
    ['={{nowhere.body}} + 1', expect.stringContaining('begins with "nowhere"')],
    ['="{{ a b }}"', expect.stringContaining('{{ a b }} is not a merge field')],
    [{ '{{nowhere.x}}': 1 }, expect.stringContaining('begins with "nowhere"')],
    [['x', { a: '{{nowhere.x}} {{nowhere.x}}' }], expect.stringContaining('begins with "nowhere"')],
  ])('%j is told', (text, message) => {
    expect(body(text)).toEqual([message])
  })
  it('they are told with the place where they stand', () => {
    expect(request({ body: [{ 'a b': '{{no.x}}' }] })[0]).toMatch(/^steps\[1\]\.body\[0\]\["a b"\]: no\.x begins/)
    expect(request({ auth: { type: 'bearer', token: '{{no.x}}' } })[0]).toMatch(/^steps\[1\]\.auth\.token: /)
  })
  it('a step in a loop is upstream of itself', () => {
    const steps = [
      { id: 'order', type: 'webhook', next: 'again' },
      { id: 'again', type: 'script', source: 'x', input: '{{again.body}}', next: 'again' },
    ]
    expect(problems({ name: 'x', steps })).toEqual([])
  })
  it('a secret variable stands in url, query, headers, body and auth of a request only', () => {
    for (const part of [
      { url: 'http://x/{{variables.key}}' },
      { query: { k: '{{variables.key}}' } },
      { headers: { k: 'Bearer {{variables.key}}' } },
      { body: { '{{variables.key}}': 1 } },
      { auth: { type: 'header', header: 'X-Key', value: '{{variables.key}}' } },
    ])
      expect(request(part)).toEqual([])
    const refused =
      'The secret variable "key" may stand only in url, query, headers, body and auth of a request step, or in parameters, fields, query and headers of a method step'
    expect(request({ method: '{{variables.key}}' })).toEqual([`steps[1].method: ${refused}`])
    expect(request({ script: 'x', scriptParameters: { a: '{{variables.key}}' } })).toEqual([`steps[1].scriptParameters.a: ${refused}`])
    const elsewhere = [
      { id: 's', type: 'script', source: 'x', input: ['{{variables.key}}'] },
      { id: 'd', type: 'decision', left: '{{variables.key}}', condition: 'equals', right: '={{variables.key}}' },
      { id: 'r', type: 'synchronousResponse', headers: { a: '{{variables.key}}' }, body: '{{variables.key}}', status: '{{variables.key}}' },
      { id: 'w', type: 'delay', for: '{{variables.key}}' },
      { id: 'm', type: 'webhook', match: { request: 'body.id', transaction: 'variables.key' } },
    ]
    expect(problems(documentOf(elsewhere, { variables }))).toEqual(
      [
        'steps[1].input[0]',
        'steps[2].left',
        'steps[2].right',
        'steps[3].status',
        'steps[3].headers.a',
        'steps[3].body',
        'steps[4].for',
        'steps[5].match.transaction',
      ].map(path => `${path}: ${refused}`),
    )
    expect(body('={{variables.key}}')).toEqual([
      'The secret variable "key" cannot stand in an inline script: write it into text, as in Bearer {{variables.key}}',
    ])
    expect(body('{{variables.key.x}}')).toEqual(['The secret variable "key" is text: nothing follows its name'])
  })
  it('match paths are paths: into the request, and to what is upstream', () => {
    const match = (request: string, transaction: string) => problems(documentOf([{ id: 'm', type: 'webhook', match: { request, transaction } }]))
    expect(match('body.id', 'order.body.id')).toEqual([])
    expect(match('headers.x-id', 'transaction.id')).toEqual([])
    expect(match('boddy.id', 'ordr.body.id')).toEqual([
      'steps[1].match.request: A path into the request begins with body, headers, query or method, not boddy. Did you mean "body"?',
      expect.stringContaining('steps[1].match.transaction: ordr.body.id begins with "ordr"'),
    ])
    expect(match('{{body.id}}', 'm.body.id')).toEqual([
      'steps[1].match.request: A path is written without braces, as in order.body.id',
      'steps[1].match.transaction: The step "m" is this step itself: its data cannot be there yet',
    ])
    expect(match('body.', 'a b')).toEqual([
      'steps[1].match.request: "body." is not a path: A name must follow the dot; other names are written ["any name"]',
      'steps[1].match.transaction: "a b" is not a path: Unexpected "b" behind the path',
    ])
    expect(problems(documentOf([{ id: 'm', type: 'webhook', match: { request: 5 } }]))).toEqual([
      'steps[1].match.request: Must be text, not a number',
      'steps[1].match.transaction: Is required: text',
    ])
  })
  it('scripts are no merge fields', () => {
    expect(problems(documentOf([{ id: 's', type: 'script', source: 'function run() { return {a:{{}}} } // {{nowhere}}' }]))).toEqual([])
    expect(request({ script: 'function before_action() { return {a:{{}}} } // {{nowhere}}' })).toEqual([])
  })
})
