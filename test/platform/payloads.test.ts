import { ApplicationFailure, StorageDriverClaim, type Payload, type StorageDriver } from '@temporalio/common'
import { describe, expect, it } from 'vitest'
import { createDataConverter, DATA_LOST } from '../../platform/payloads.ts'
import { memoryBlobs } from '../support/blobs.ts'

const OPTIONS = { thresholdBytes: 100, inline: 'inline' }
const target = { kind: 'workflow', namespace: 'flywheel', id: 'transaction/c/t' } as const
const payload = (text: string, encoding = 'json/plain'): Payload => ({ metadata: { encoding: Buffer.from(encoding) }, data: Buffer.from(text) })
const textOf = ({ data }: Payload): string => Buffer.from(data ?? []).toString()

function made() {
  const blobs = memoryBlobs()
  const { externalStorage } = createDataConverter(blobs, OPTIONS)
  const driver: StorageDriver | undefined = externalStorage?.drivers[0]
  if (externalStorage === undefined || driver === undefined) throw new Error('no driver')
  return { blobs, externalStorage, driver }
}

describe('large payloads', () => {
  it('are stored by their data, and come back with their metadata', async () => {
    const { blobs, driver } = made()
    const payloads = [payload('"a"'), payload('"a"', 'binary/plain'), payload('"b"')]
    const claims = await driver.store({ target }, payloads)
    expect(blobs.kept.size).toBe(2)
    // As they come back from Temporal.
    const again = await driver.retrieve(
      {},
      claims.map(({ claimData }) => new StorageDriverClaim(JSON.parse(JSON.stringify(claimData)))),
    )
    expect(again.map(textOf)).toEqual(['"a"', '"a"', '"b"'])
    expect(again.map(({ metadata }) => Buffer.from(metadata?.['encoding'] ?? []).toString())).toEqual(['json/plain', 'binary/plain', 'json/plain'])
  })

  it('stay in Temporal where their metadata says so', () => {
    const { externalStorage, driver } = made()
    expect(externalStorage.payloadSizeThreshold).toBe(100)
    expect(externalStorage.driverSelector({ target }, payload('"a"'))).toBe(driver)
    expect(externalStorage.driverSelector({ target }, { ...payload('"a"'), metadata: { inline: new Uint8Array([1]) } })).toBeNull()
  })

  it('wait for a store that is away for a moment', async () => {
    const { blobs, driver } = made()
    blobs.away = true
    const storing = driver.store({ target }, [payload('"a"')])
    setTimeout(() => {
      blobs.away = false
    }, 300)
    const claims = await storing
    blobs.away = true
    const reading = driver.retrieve({}, claims)
    setTimeout(() => {
      blobs.away = false
    }, 300)
    expect((await reading).map(textOf)).toEqual(['"a"'])
  })

  it('fail, to be tried again, where it stays away', async () => {
    const { blobs, driver } = made()
    blobs.away = true
    const failed = await driver.store({ target }, [payload('"a"')]).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(Error)
    expect(failed).not.toBeInstanceOf(ApplicationFailure)
  })

  it('that are gone say so, for good', async () => {
    const { blobs, driver } = made()
    const claims = await driver.store({ target }, [payload('"a"')])
    blobs.kept.clear()
    await expect(driver.retrieve({}, claims)).rejects.toMatchObject({
      type: DATA_LOST,
      nonRetryable: true,
      message: expect.stringContaining('transaction/c/t is missing in Redis'),
    })
  })
})
