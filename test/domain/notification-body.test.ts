import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changedBody, installedBody, type InstalledFacts } from '../../domain/notification-body.ts'

const account = { id: '11111111-1111-4111-8111-111111111111', apiId: 'ExampleAccount', userId: '22222222-2222-4222-8222-222222222222' }
const cycle: InstalledFacts['cycles'][number] = {
  id: '33333333-3333-4333-8333-333333333333',
  status: 'Active',
  webhooks: [{ url: 'https://example.com/api/webhook/abcdefg', stepName: 'Example Webhook' }],
  templateId: '44444444-4444-4444-8444-444444444444',
  templateReleaseId: '55555555-5555-4555-8555-555555555555',
}
const facts: InstalledFacts = { account, packageId: 1234, cycles: [cycle], errors: [], completeParameter: 'example' }

const head = (status: string): string =>
  `{"Status":"${status}","AccountId":"11111111-1111-4111-8111-111111111111","AccountApiId":"ExampleAccount","MarketplaceIntegrationPackageId":1234`
const details = (status: string): string =>
  `{"CycleId":"33333333-3333-4333-8333-333333333333","CycleStatus":"${status}","Webhooks":[{"Url":"https://example.com/api/webhook/abcdefg","StepName":"Example Webhook"}],` +
  '"TemplateId":"44444444-4444-4444-8444-444444444444","TemplateReleaseId":"55555555-5555-4555-8555-555555555555"}'
const user = '"UserId":"22222222-2222-4222-8222-222222222222"'

/** `</script>`, quotes, merge fields, line separators, text that runs the other way, and half a character. */
const NASTY = '</script><b>"\'\\ {{order.body.id}} \u2028\u2029 \u202Etxt.exe\u2066 ß 😀 \n\t\u0000 \ud800'
/** As JSON has it: only quote, backslash, control characters and the half character are escaped. */
const NASTY_JSON = '"</script><b>\\"\'\\\\ {{order.body.id}} \u2028\u2029 \u202Etxt.exe\u2066 ß 😀 \\n\\t\\u0000 \\ud800"'

describe('what is told of an installation, byte for byte (marketplace.md 2)', () => {
  it('installed: with its cycles, errors and user', () => {
    expect(installedBody(facts)).toBe(
      `${head('installed')},"MarketplaceInstallDetails":[${details('Active')}],"Errors":[],${user},"CompleteParameter":"example"}`,
    )
  })

  it('installed with a cycle that could not be started: it is Stopped, and why stands in Errors', () => {
    const body = installedBody({ ...facts, cycles: [cycle, { ...cycle, status: 'Stopped' }], errors: ['Failed to start cycle'] })
    expect(body).toBe(
      `${head('installed')},"MarketplaceInstallDetails":[${details('Active')},${details('Stopped')}],"Errors":["Failed to start cycle"],${user},"CompleteParameter":"example"}`,
    )
  })

  it('installed without autoStart: Paused; without a parameter of the deploy call: no CompleteParameter', () => {
    const { completeParameter: _none, ...without } = facts
    const webhooks = [...cycle.webhooks, { url: 'https://example.com/api/webhook/b', stepName: 'Second' }]
    const body = installedBody({
      ...without,
      cycles: [
        { ...cycle, status: 'Paused', webhooks },
        { ...cycle, status: 'Paused', webhooks: [] },
      ],
    })
    const paused = details('Paused')
    const two = paused.replace('}],"T', '},{"Url":"https://example.com/api/webhook/b","StepName":"Second"}],"T')
    const none = paused.replace(/"Webhooks":\[.*?\]/, '"Webhooks":[]')
    expect(body).toBe(`${head('installed')},"MarketplaceInstallDetails":[${two},${none}],"Errors":[],${user}}`)
  })

  it.each(['uninstalled', 'started', 'stopped'] as const)('%s: which installation it was', status => {
    expect(changedBody(status, facts)).toBe(`${head(status)},"CompleteParameter":"example"}`)
    expect(changedBody(status, { account, packageId: 1234 })).toBe(`${head(status)}}`)
    expect(changedBody(status, { account, packageId: 1234, completeParameter: undefined })).toBe(`${head(status)}}`)
  })

  it('one that was given empty is there', () => {
    expect(changedBody('stopped', { ...facts, completeParameter: '' })).toBe(`${head('stopped')},"CompleteParameter":""}`)
  })

  it('text stays as it is, whatever is in it, and is never taken apart', () => {
    const nasty = { ...account, apiId: NASTY }
    const start = `{"Status":"STATUS","AccountId":"${account.id}","AccountApiId":${NASTY_JSON},"MarketplaceIntegrationPackageId":1234`
    expect(changedBody('started', { account: nasty, packageId: 1234, completeParameter: NASTY })).toBe(
      `${start.replace('STATUS', 'started')},"CompleteParameter":${NASTY_JSON}}`,
    )
    const webhooks = [{ url: 'https://example.com/api/webhook/a', stepName: NASTY }]
    expect(installedBody({ ...facts, account: nasty, cycles: [{ ...cycle, webhooks }], errors: [NASTY] })).toBe(
      `${start.replace('STATUS', 'installed')},"MarketplaceInstallDetails":[{"CycleId":"${cycle.id}","CycleStatus":"Active",` +
        `"Webhooks":[{"Url":"https://example.com/api/webhook/a","StepName":${NASTY_JSON}}],"TemplateId":"${cycle.templateId}","TemplateReleaseId":"${cycle.templateReleaseId}"}],` +
        `"Errors":[${NASTY_JSON}],${user},"CompleteParameter":"example"}`,
    )
  })

  it('reads back as it was, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), fc.array(fc.string()), (apiId, completeParameter, errors) => {
        const body = installedBody({ ...facts, account: { ...account, apiId }, errors, completeParameter })
        expect(JSON.parse(body)).toMatchObject({ AccountApiId: apiId, Errors: errors, CompleteParameter: completeParameter })
        expect(Object.keys(JSON.parse(body))).toEqual(Object.keys(JSON.parse(installedBody(facts))))
      }),
    )
  })
})
