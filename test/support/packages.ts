/** Templates, packages and what accounts do with them, as tests speak of it from outside. */
import { Redis } from 'ioredis'
import { createRegistry } from '../../storage/redis/registry.ts'
import type { TestClient } from './client.ts'
import type { TestSystem } from './system.ts'

export interface OperationView {
  readonly Id: string
  readonly Kind: string
  readonly Status: 'Running' | 'Completed' | 'Failed'
  readonly Errors: readonly string[]
}

export interface PackageView {
  readonly Id: number
  readonly Status: string
  readonly Operation: OperationView | null
  readonly Cycles: readonly {
    readonly CycleId: string
    readonly Name: string
    readonly Status: string
    readonly TemplateId: string
    readonly TemplateReleaseId: string
    readonly Webhooks: readonly { readonly StepId: string; readonly StepName: string; readonly Url: string }[]
  }[]
}

export interface Offered {
  readonly id: string
  readonly marketplace: string
  /** That signs what the marketplace is told. */
  readonly secret: string
  /** In the order of the documents. */
  readonly templates: readonly string[]
}

export interface OfferOptions {
  readonly notificationUrl?: string
  readonly singleInstallation?: boolean
  readonly autoStart?: boolean
  /** Positions of templates that have no live release. */
  readonly draft?: readonly number[]
}

/** A template with a live release. */
export async function template(client: TestClient, document: object, live = true): Promise<string> {
  const { Id } = await client.call<{ Id: string }>('POST', '/templates', { body: { Definition: document } })
  if (live) await client.call('POST', `/templates/${Id}/promote`)
  return Id
}

/** A package of templates of these documents, in a marketplace of its own. */
export async function offer(system: Pick<TestSystem, 'client' | 'redisUrl'>, documents: readonly object[], options: OfferOptions = {}): Promise<Offered> {
  const { notificationUrl, singleInstallation = false, autoStart = true, draft = [] } = options
  const templates: string[] = []
  for (const [at, document] of documents.entries()) templates.push(await template(system.client, document, !draft.includes(at)))
  const url = notificationUrl === undefined ? {} : { NotificationUrl: notificationUrl }
  const shop = await system.client.call<{ Id: number; Secret: string }>('POST', '/marketplaces', { body: { Name: 'Shop', ...url } })
  const made = await system.client.call<{ Id: number }>('POST', `/marketplaces/${shop.Id}/packages`, {
    body: {
      Name: 'Orders to ERP',
      TemplateIds: templates.filter((_, at) => !draft.includes(at)),
      SingleInstallation: singleInstallation,
      AutoStart: autoStart,
    },
  })
  // Which the API would refuse.
  if (draft.length > 0) await withTemplates(system.redisUrl, String(made.Id), templates)
  return { id: String(made.Id), marketplace: String(shop.Id), secret: shop.Secret, templates }
}

async function withTemplates(redisUrl: string, id: string, templateIds: readonly string[]): Promise<void> {
  const redis = new Redis(redisUrl)
  try {
    const { packages } = createRegistry(redis)
    const found = await packages.get(id)
    if (found !== undefined) await packages.replace(id, { ...found.value, templateIds }, found.version)
  } finally {
    redis.disconnect()
  }
}

/** One account with a package. */
export interface Tenant {
  readonly account: string
  /** `?wait=true`. */
  run(kind: 'install' | 'uninstall' | 'start' | 'stop', body?: object): Promise<OperationView>
  /** Without waiting. */
  begin(kind: 'install' | 'uninstall' | 'start' | 'stop', body?: object): Promise<OperationView>
  operation(id: string): Promise<OperationView>
  view(): Promise<PackageView>
  cycles(): Promise<readonly { readonly Id: string; readonly Status: string }[]>
}

export function tenant(client: TestClient, account: string, { id }: Offered): Tenant {
  const path = `/account/packages/${id}`
  return {
    account,
    run: (kind, body) => client.call('POST', `${path}/${kind}?wait=true`, { account, body }),
    begin: (kind, body) => client.call('POST', `${path}/${kind}`, { account, body }),
    operation: operation => client.call('GET', `/account/operations/${operation}`, { account }),
    async view() {
      const all = await client.call<readonly PackageView[]>('GET', '/account/packages?pageSize=500', { account })
      const found = all.find(one => String(one.Id) === id)
      if (found === undefined) throw new Error(`The package ${id} is not offered`)
      return found
    },
    cycles: () => client.call('GET', '/cycles?pageSize=500', { account }),
  }
}
