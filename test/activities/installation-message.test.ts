import { describe, expect, it } from 'vitest'
import { installationMessage } from '../../activities/installation-message.ts'
import { changedBody } from '../../domain/notification-body.ts'
import { asAccountId } from '../../domain/ids.ts'

const account = { id: asAccountId('account'), apiId: 'acme', name: 'Acme' }
const news = {
  id: 'n1',
  status: 'started',
  account,
  package: { id: '1234', name: 'Shop orders' },
  userAgent: 'Partner/1',
  body: changedBody('started', { account, packageId: 1234 }),
} as const

describe('what a marketplace is told of an installation', () => {
  it('goes to its NotificationUrl, in order with what else is told of that installation', () => {
    const marketplace = { id: '7', notificationUrl: 'https://partner.example/hook' }
    expect(installationMessage({ ...news, marketplace })).toEqual({
      id: 'n1',
      kind: 'started',
      account: 'account',
      installation: { account: 'account', package: '1234' },
      marketplaceId: '7',
      title: 'Shop orders started · Acme',
      url: 'https://partner.example/hook',
      userAgent: 'Partner/1',
      body: '{"Status":"started","AccountId":"account","AccountApiId":"acme","MarketplaceIntegrationPackageId":1234}',
    })
  })

  it('is nothing where the marketplace has no NotificationUrl (marketplace.md 2)', () => {
    expect(installationMessage({ ...news, marketplace: { id: '7' } })).toBeUndefined()
    expect(installationMessage({ ...news, marketplace: { id: '7', notificationUrl: '' } })).toBeUndefined()
  })
})
