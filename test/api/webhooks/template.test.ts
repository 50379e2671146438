import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newTemplate, promoted, withDraft } from '../../../api/templates/releases.ts'
import type { CycleDocument } from '../../../domain/document.ts'
import type { Template } from '../../../storage/template.ts'
import { simple, startEndpoint, type Harness } from './harness.ts'

let harness: Harness
beforeAll(async () => {
  harness = await startEndpoint()
})
afterAll(async () => harness?.close())

const release = () => ({ id: randomUUID(), now: Date.now() })
const urlOf = (template: Template, step: string): string => `${harness.url}/api/webhook/${template.identifiers?.[step]}`

async function make(document: CycleDocument): Promise<{ readonly id: string; readonly template: Template; readonly url: string }> {
  const id = randomUUID()
  const template = newTemplate(document, release())
  await harness.registry.templates.create(id, template)
  return { id, template, url: urlOf(template, document.steps[0]?.id ?? '') }
}

describe("a template's URL answers like a cycle that was never started (webhooks.md 1)", () => {
  const json = { 'content-type': 'application/json' }
  const send = (url: string, body: unknown, options = {}) => harness.client.post(url, body, options)

  it('is found, takes nothing, and allows what a webhook allows', async () => {
    const { url } = await make(simple())
    expect(await send(url, undefined, { method: 'GET' })).toMatchObject({ status: 200, body: 'Webhook found.' })
    expect(await send(url, undefined, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
    expect(await send(url, undefined, { method: 'PUT' })).toMatchObject({ status: 405, body: 'Method not allowed.' })
    expect(await send(url, {})).toMatchObject({ status: 406, body: 'Please make sure your webhook is active.' })
    expect((await send(url, '{', { headers: json })).status).toBe(406)
    expect(await send(url, {}, { key: 'not valid' })).toMatchObject({ status: 400, body: 'Idempotency key is not valid.' })
    expect(await send(url, 'x'.repeat(1024 * 1024 + 1))).toMatchObject({ status: 413, body: 'Webhook payload too large.' })
  })

  it('verifies its sender and runs before_webhook first', async () => {
    const verify = { scheme: 'header', header: 'X-Ok', value: 'sealed:s' }
    const script = `function before_webhook() {
      if (method_request_parameters.fail) throw new Error('no')
      method_response = 'challenge'
      return method_request_method !== 'GET'
    }`
    const { url } = await make(simple({ verify, script }))
    expect((await send(url, {})).status).toBe(401)
    expect((await send(url, {}, { headers: { 'x-ok': 's' } })).status).toBe(406)
    expect(await send(url, undefined, { method: 'GET' })).toMatchObject({ status: 200, body: 'challenge' })
    expect(await send(url, undefined, { method: 'GET', query: '?fail=1' })).toMatchObject({ status: 500, body: 'Webhook failed.' })
  })

  it('is the step of any of its releases, and unknown once none has it, or the template is gone', async () => {
    const { id, template, url } = await make(simple())
    const [first, ...others] = simple().steps
    const renamed = { ...simple(), steps: first === undefined ? [] : [{ ...first, id: 'other' }, ...others] }
    const live = promoted(template) ?? template
    const edited = withDraft(live, renamed, release())
    expect(await harness.registry.templates.replace(id, edited, 1)).toBe('done')
    for (const one of [url, urlOf(edited, 'other')]) expect((await send(one, {})).status).toBe(406)
    const only = withDraft({ ...edited, releases: [] }, renamed, release())
    expect(await harness.registry.templates.replace(id, only, 2)).toBe('done')
    expect((await send(url, {})).status).toBe(404)
    expect((await send(urlOf(edited, 'other'), {})).status).toBe(406)
    await harness.registry.templates.remove(id)
    expect((await send(urlOf(edited, 'other'), {})).status).toBe(404)
  })

  it('stays in the index where a change was refused', async () => {
    const { id, template, url } = await make(simple())
    expect(await harness.registry.templates.create(id, template)).toBe('taken')
    expect(await harness.registry.templates.replace(id, withDraft(template, simple(), release()), 7)).toBe('changed')
    expect((await send(url, {})).status).toBe(406)
  })
})
