import { randomUUID } from 'node:crypto'
import { Connection } from '@temporalio/client'
import { tsToMs } from '@temporalio/common/lib/time.js'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { ensureNamespace, temporalOptions } from '../../platform/temporal.ts'
import { SEARCH_ATTRIBUTES } from '../../workflows/messages.ts'

describe('the namespace in Temporal (operations.md 2 and 5)', () => {
  let connection: Connection
  const namespace = `test-${randomUUID()}`
  beforeAll(async () => {
    connection = await Connection.connect({ address: inject('temporalAddress') })
  })
  afterAll(() => connection.close())

  it('is made by several processes at once, with 31 days and all search attributes', async () => {
    await Promise.all([1, 2, 3].map(() => ensureNamespace(connection, { temporalNamespace: namespace }, SEARCH_ATTRIBUTES)))
    const described = await connection.workflowService.describeNamespace({ namespace })
    expect(tsToMs(described.config?.workflowExecutionRetentionTtl)).toBe(31 * 86_400_000)
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace })
    expect(Object.keys(customAttributes ?? {})).toEqual(expect.arrayContaining(Object.keys(SEARCH_ATTRIBUTES)))
  })

  it('is left as it is when it is there', async () => {
    await ensureNamespace(connection, { temporalNamespace: namespace }, SEARCH_ATTRIBUTES)
  })

  it('is refused where a search attribute has another type', async () => {
    const refused = ensureNamespace(connection, { temporalNamespace: namespace }, { WaitingFor: 'Int' })
    await expect(refused).rejects.toThrow('WaitingFor (expected Int)')
  })
})

describe('connection options for Temporal', () => {
  const plain = { temporalAddress: 'host:7233', temporalApiKey: undefined, temporalTlsCert: undefined, temporalTlsKey: undefined, temporalTlsCa: undefined }

  it('are without TLS by default', () => {
    expect(temporalOptions(plain)).toEqual({ address: 'host:7233' })
  })

  it('have TLS with an API key', () => {
    expect(temporalOptions({ ...plain, temporalApiKey: 'key' })).toEqual({ address: 'host:7233', apiKey: 'key', tls: true })
  })

  it('carry the certificates that were given', () => {
    const options = temporalOptions({ ...plain, temporalTlsCert: 'cert', temporalTlsKey: 'key', temporalTlsCa: 'ca' })
    expect(options.tls).toEqual({ serverRootCACertificate: Buffer.from('ca'), clientCertPair: { crt: Buffer.from('cert'), key: Buffer.from('key') } })
  })
})
