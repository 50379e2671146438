import { describe, expect, it } from 'vitest'
import { parseDocument } from '../../../domain/schema/index.ts'
import { documentOf, problems } from './documents.ts'

const request = { id: 'call', type: 'request', method: 'POST', url: 'http://localhost/x' }
const inRequest = (part: object): string[] => problems(documentOf([{ ...request, ...part }]))
const inSettings = (settings: object): string[] => problems(documentOf([], { settings }))
const inTrigger = (part: object): string[] =>
  problems({
    name: 'x',
    steps: [
      { id: 'order', type: 'webhook', next: 'done', ...part },
      { id: 'done', type: 'synchronousResponse' },
    ],
  })
const inAnswer = (part: object): string[] =>
  problems({
    name: 'x',
    steps: [
      { id: 'order', type: 'webhook', next: 'done' },
      { id: 'done', type: 'synchronousResponse', ...part },
    ],
  })

describe('the structure of a document', () => {
  it('a document with everything in it is taken as it stands', () => {
    const document = documentOf(
      [
        {
          ...request,
          name: 'Call',
          description: 'd',
          query: { a: [1] },
          headers: { 'X-A': '{{variables.key}}', '{{order.body.h}}': 1 },
          body: [null],
          bodyType: 'json',
          auth: { type: 'bearer', token: '{{variables.key}}' },
          timeout: '10s',
          onError: 'stopTransaction',
          script: 'function before_action() {}',
          scriptParameters: { a: ['{{order.body.h}}'] },
        },
        { id: 'work', type: 'script', source: 'function run() {}', input: '={{call.body}}.a' },
        { id: 'd', type: 'decision', left: '{{work.body}}', condition: 'matches', right: '^a+$', true: ['wait', 'wait'], false: 'done' },
        { id: 'wait', type: 'delay', for: '1d' },
        {
          id: 'back',
          type: 'webhook',
          match: { request: 'body.id', transaction: 'order.body.id' },
          earlyArrivalWindow: '0s',
          script: 'x',
          scriptParameters: { a: 1 },
        },
      ],
      {
        description: '',
        tags: ['a'],
        variables: [
          { name: 'key', secret: true, value: 's', label: 'Key', description: 'd', userConfigurable: true, required: false },
          { name: 'o', options: [{ label: 'a', value: 1 }] },
        ],
        settings: { onStepError: 'stopTransaction', syncTimeout: '600s', maxConcurrency: 1, retention: { success: '31d', errored: '744h' }, log: 'none' },
      },
    )
    expect(parseDocument(document)).toEqual({ ok: true, document })
  })
  it('unknown properties are errors with their path, and a suggestion where one is near', () => {
    expect(problems({ ...documentOf([]), stepz: [] })).toEqual(['stepz: Unknown property "stepz". Did you mean "steps"?'])
    expect(inRequest({ metod: 1 })).toEqual(['steps[1].metod: Unknown property "metod". Did you mean "method"?'])
    expect(inRequest({ zzz: 1 })).toEqual(['steps[1].zzz: Unknown property "zzz".'])
    expect(inRequest({ 'two words': 1 })).toEqual(['steps[1]["two words"]: Unknown property "two words".'])
    expect(inRequest({ auth: { type: 'bearer', token: '', tokn: '' } })).toEqual(['steps[1].auth.tokn: Unknown property "tokn". Did you mean "token"?'])
    expect(inSettings({ synctimeout: '1s', retention: { sucess: '31d' } })).toEqual([
      'settings.retention.sucess: Unknown property "sucess". Did you mean "success"?',
      'settings.synctimeout: Unknown property "synctimeout". Did you mean "syncTimeout"?',
    ])
    expect(problems(documentOf([], { variables: [{ name: 'a', lable: 'x', options: [{ label: 'a', value: 1, valeu: 2 }] }] }))).toEqual([
      'variables[0].options[0].valeu: Unknown property "valeu". Did you mean "value"?',
      'variables[0].lable: Unknown property "lable". Did you mean "label"?',
    ])
    expect(inTrigger({ verify: { scheme: 'basic', username: 'a', password: 'b', user: 'c' } })).toEqual(['steps[0].verify.user: Unknown property "user".'])
    expect(problems(documentOf([{ id: 'm', type: 'webhook', match: { request: 'body', transaction: 'order', reqest: 1 } }]))).toEqual([
      'steps[1].match.reqest: Unknown property "reqest". Did you mean "request"?',
    ])
  })
  it('a webhook has a connector and a method of it, or none of them (cycles.md 4)', () => {
    expect(inTrigger({ connector: 'Shop', method: 'newOrder' })).toEqual([])
    expect(inTrigger({ connector: 'Shop' })).toEqual(['steps[0].method: Is missing: connector and method of a webhook go together, and connector is given'])
    expect(inTrigger({ method: 'newOrder' })).toEqual(['steps[0].connector: Is missing: connector and method of a webhook go together, and method is given'])
  })
  it('an error rule that does not exist is told with the one that was meant', () => {
    expect(inSettings({ onStepError: 'stopTransactions' })[0]).toContain('Did you mean "stopTransaction"?')
  })
  it('missing and wrong properties are told by what they must be', () => {
    expect(problems({})).toEqual(['name: Is required: text', 'steps: Is required: a list'])
    expect(problems({ name: 5, tags: 'x', steps: {}, description: null })).toEqual([
      'name: Must be text, not a number',
      'description: Must be text, not nothing (null)',
      'tags: Must be a list, not text',
      'steps: Must be a list, not an object',
    ])
    expect(problems([])).toEqual([': Must be an object, not a list'])
    expect(problems('x')).toEqual([': Must be an object, not text'])
    expect(problems({ name: '', steps: [] })).toEqual(['name: Must not be empty', 'steps: Must have at least 2 entries; it has 0'])
    expect(problems({ ...documentOf([]), name: 'x'.repeat(201) })).toEqual(['name: Must have at most 200 characters; it has 201'])
    expect(problems({ name: 'x', steps: [{ id: 'order', type: 'webhook' }] })).toEqual(['steps: Must have at least 2 entries; it has 1'])
    expect(problems(documentOf([{ id: 'x' }]))).toEqual([
      'steps[1].type: Is required: one of webhook, schedule, synchronousResponse, request, method, script, decision, switch, delay, waitUntil, waitAll',
    ])
    expect(problems(documentOf([{ id: 'x', type: 'webhok' }]))[0]).toContain('"webhok" is not one of webhook,')
    expect(problems(documentOf([{ id: 'x', type: 5 }]))[0]).toContain('This is a number, which is not one of webhook')
    expect(problems(documentOf([{ id: 'x', type: 'decision', condition: 'equal' }]))).toEqual([
      'steps[1].left: A value is required',
      expect.stringMatching(/^steps\[1\]\.condition: "equal" is not one of .* Did you mean "equals"\?$/),
    ])
    expect(inSettings({ maxConcurrency: 1.5, log: true })).toEqual([
      'settings.maxConcurrency: Must be a whole number, not a number',
      'settings.log: This is true or false, which is not one of requests, none.',
    ])
    expect(inSettings({ maxConcurrency: 0 })).toEqual(['settings.maxConcurrency: Must be at least 1'])
  })
  it('500 steps are taken, 501 are not', () => {
    const steps = Array.from({ length: 499 }, (_, i) => ({ id: `s${i}`, type: 'delay', for: '1s' }))
    expect(problems(documentOf(steps.slice(1)))).toEqual([])
    expect(problems(documentOf(steps))).toEqual(['steps: Must have at most 500 entries; it has 501'])
  })
  it('durations have their limits', () => {
    expect(inSettings({ syncTimeout: '601s' })).toEqual(['settings.syncTimeout: 601s is out of its limits: at most 600s'])
    expect(inSettings({ syncTimeout: '0s' })).toHaveLength(1)
    expect(inSettings({ syncTimeout: '1 minute' })).toEqual(['settings.syncTimeout: "1 minute" is not a duration: write 500ms, 90s, 15m, 2h, 31d or 1w'])
    expect(inSettings({ retention: { success: '32d' } })).toEqual(['settings.retention.success: 32d is out of its limits: at most 31d'])
    expect(inRequest({ timeout: '11m' })).toEqual(['steps[1].timeout: 11m is out of its limits: at most 600s'])
    expect(inRequest({ timeout: '600s' })).toEqual([])
    expect(inTrigger({ earlyArrivalWindow: '32d' })).toHaveLength(1)
    expect(problems(documentOf([{ id: 'x', type: 'delay', for: '5' }]))).toHaveLength(1)
    expect(problems(documentOf([{ id: 'x', type: 'delay', for: '{{order.body.wait}}' }]))).toEqual([])
  })
  it('a response has a status from 200 to 599, or one with a merge field', () => {
    for (const status of [200, 599, '404', '{{order.body.status}}', '={{order.body.status}} + 1']) expect(inAnswer({ status })).toEqual([])
    for (const status of [100, 199, 600, 200.5, '20', '600', true, null]) expect(inAnswer({ status })).toHaveLength(1)
    expect(inAnswer({ status: 'ok' })).toEqual(['steps[1].status: Must be a status from 200 to 599, or text with a merge field that gives one'])
    expect(inAnswer({ bodyType: 'yaml', body: 1 })).toEqual(['steps[1].bodyType: "yaml" is not one of json, xml, form, text, html.'])
  })
  it('a request goes to an http address with an HTTP method', () => {
    for (const url of ['https://a.b/c?d={{order.body}}', '{{order.body.url}}', '="http://" + 1']) expect(inRequest({ url })).toEqual([])
    for (const url of ['ftp://a', 'localhost:80', '/x', 'http://', 'http://a:b:c', '']) {
      expect(inRequest({ url })).toEqual(['steps[1].url: Must be an address that begins with http:// or https://'])
    }
    expect(inRequest({ method: 'GET IT' })).toEqual(['steps[1].method: Must be an HTTP method, such as GET or POST'])
    expect(inRequest({ headers: { 'a b': 1, 'X-Ok': 1 } })).toEqual(['steps[1].headers["a b"]: "a b" cannot be the name of a header'])
    expect(inRequest({ auth: { type: 'header2' } })).toEqual(['steps[1].auth.type: "header2" is not one of basic, bearer, header. Did you mean "header"?'])
  })
  it('the schemes of verify are checked', () => {
    const shared = { secret: 's', header: 'X-Sig', algorithm: 'sha256', encoding: 'hex' }
    for (const verify of [
      { scheme: 'standardWebhooks', secret: 'whsec_c2VjcmV0' },
      { scheme: 'standardWebhooks', secret: '********' },
      { scheme: 'hmac', ...shared, prefix: 'sha256=' },
      { scheme: 'basic', username: 'a', password: 'b' },
      { scheme: 'header', header: 'X-Key', value: 'v' },
    ])
      expect(inTrigger({ verify })).toEqual([])
    expect(inTrigger({ verify: { scheme: 'standardWebhooks', secret: 'abc' } })).toEqual([
      'steps[0].verify.secret: Must be whsec_ and base64, as the sender shows it',
    ])
    expect(inTrigger({ verify: { scheme: 'hmac', ...shared, header: 'a b', algorithm: 'md5' } })).toEqual([
      'steps[0].verify.header: Must be the name of a header, such as X-Signature',
      'steps[0].verify.algorithm: "md5" is not one of sha256, sha1, sha512.',
    ])
    expect(inTrigger({ verify: { scheme: 'hmc' } })).toEqual([
      'steps[0].verify.scheme: "hmc" is not one of standardWebhooks, hmac, basic, header. Did you mean "hmac"?',
    ])
    expect(inTrigger({ verify: {} })).toEqual(['steps[0].verify.scheme: Is required: one of standardWebhooks, hmac, basic, header'])
  })
  it('the secret of verify may be one merge field of a secret variable (webhooks.md 10)', () => {
    const variables = [{ name: 'key', secret: true }, { name: 'plain' }]
    const withSecret = (secret: string): string[] => {
      const steps = [
        { id: 'order', type: 'webhook', verify: { scheme: 'standardWebhooks', secret }, next: 'done' },
        { id: 'done', type: 'synchronousResponse' },
      ]
      return problems({ name: 'Test', variables, steps })
    }
    expect(withSecret('{{variables.key}}')).toEqual([])
    expect(withSecret('{{ variables["key"] }}')).toEqual([])
    expect(withSecret('{{variables.plain}}')).toEqual([
      'steps[0].verify.secret: The variable "plain" is not secret: declare it with secret: true, so that it is stored encrypted',
    ])
    expect(withSecret('{{variables.kay}}')).toEqual(['steps[0].verify.secret: The variable "kay" is not declared in variables. Did you mean "key"?'])
    expect(withSecret('{{order.body}}')).toEqual(['steps[0].verify.secret: The merge field of a secret must name a secret variable: {{variables.NAME}}'])
    expect(withSecret('whsec_{{variables.key}}')).toEqual(['steps[0].verify.secret: Must be whsec_ and base64, as the sender shows it'])
  })
  it('variables have unique names, secret ones hold text and no options', () => {
    const variables = [{ name: 'a' }, { name: 'a' }, { name: 'b', secret: true, value: 5 }, { name: 'c', secret: true, options: [] }, { value: 1 }, 'x']
    expect(problems(documentOf([], { variables }))).toEqual([
      'variables[4].name: Is required: text',
      'variables[5]: Must be an object, not text',
      'variables[1].name: The variable "a" stands at variables[0] already: names are unique',
      'variables[2].value: The value of a secret variable must be text',
      'variables[3].options: A secret variable cannot have options: they would show its values',
    ])
  })
  it('a regular expression that is written out must be one of RE2', () => {
    const decision = (right: unknown) => problems(documentOf([{ id: 'd', type: 'decision', left: 'a', condition: 'matches', right }]))
    expect(decision('^a+$')).toEqual([])
    expect(decision('{{order.body.pattern}}')).toEqual([])
    expect(decision('(?=a)')[0]).toContain('steps[1].right: Is not a regular expression (RE2)')
  })
  it('all problems are told at once, in the order of the steps', () => {
    const found = problems({
      nam: 'x',
      steps: [
        { id: 'order', type: 'webhook', match: { request: 'body', transaction: 'order' }, nxt: 'a' },
        { id: 'a', type: 'reqest' },
        { id: 'b', type: 'request', method: 'GET', url: 'http://x', body: '{{nowhere.body}} {{variables.no}}', next: ['a', 'cc'] },
      ],
    })
    expect(found.map(problem => problem.split(':')[0])).toEqual([
      'name',
      'nam',
      'steps[0].nxt',
      'steps[0].match',
      'steps[1].type',
      'steps[2].next[1]',
      'steps[2].body',
      'steps[2].body',
    ])
  })
  it('an endless number of problems is cut off', () => {
    const variables = Array.from({ length: 300 }, () => ({ x: 1, y: 2 }))
    const found = problems(documentOf([], { variables }))
    expect(found).toHaveLength(501)
    expect(found.at(-1)).toBe(': There are more than 500 problems')
  })
})
