/** A marketplace with packages that need nothing but Install. */
import { at, type ApiHarness } from '../harness.ts'
import { visitor, type Shop } from './shop.ts'
import type { Browser } from './browser.ts'

export interface OfferSetup {
  /** Names of the cycles, each of a template of its own. */
  readonly cycles?: readonly string[]
  readonly tags?: readonly string[]
  readonly package?: object
  readonly marketplace?: object
}

/** A template with a live release. */
export async function template(api: ApiHarness, name: string, tags: readonly string[] = []): Promise<string> {
  const steps = [
    { id: 'order', name: `Order of ${name}`.slice(0, 100), type: 'webhook', next: 'work' },
    { id: 'work', name: 'Work', type: 'script', source: 'function run(input) { return 1 }' },
  ]
  const made = await api.v1('POST', '/templates', { body: { Definition: { name, tags, steps } } })
  if (made.status !== 201) throw new Error(made.text)
  const id = String(at(made.json, 'Id'))
  await api.v1('POST', `/templates/${id}/promote`)
  return id
}

export async function addPackage(
  api: ApiHarness,
  marketplace: string,
  more: object,
  cycles: readonly string[] = ['Orders'],
  tags: readonly string[] = [],
): Promise<string> {
  const TemplateIds: string[] = []
  for (const name of cycles) TemplateIds.push(await template(api, name, tags))
  const made = await api.v1('POST', `/marketplaces/${marketplace}/packages`, { body: { Name: 'Orders to ERP', TemplateIds, ...more } })
  if (made.status !== 201) throw new Error(made.text)
  return String(at(made.json, 'Id'))
}

export async function offer(api: ApiHarness, setup: OfferSetup = {}): Promise<Shop> {
  const made = await api.v1('POST', '/marketplaces', { body: { Name: 'Shop', ...setup.marketplace } })
  if (made.status !== 201) throw new Error(made.text)
  const marketplace = String(at(made.json, 'Id'))
  const packageId = await addPackage(api, marketplace, setup.package ?? {}, setup.cycles, setup.tags)
  const account = await api.account()
  const found = await api.registry.accounts.find(account)
  return { account, guid: found?.id ?? '', marketplace, packageId, base: `/account/marketplace/packages/${packageId}` }
}

/** An offer, and a browser with a session of its account. */
export async function visit(api: ApiHarness, setup: OfferSetup = {}, deploy: object = {}): Promise<{ readonly here: Shop; readonly browser: Browser }> {
  const here = await offer(api, setup)
  return { here, browser: await visitor(api, here, deploy) }
}
