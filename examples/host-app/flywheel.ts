/** What the product's server asks of Flywheel: links that let the browser of a signed-in customer in, and what a customer has installed. */

export interface FlywheelOptions {
  /** Where its API answers. */
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
}

export interface Customer {
  /** The product's own id of the customer: Flywheel calls it the API id of the account. An account that is unknown is made. */
  readonly id: string
  readonly name: string
}

/** The product's side of a deploy call; all of it is optional. */
export interface DeployOptions {
  /** Comes back with the result and with every notification: what of yours this belongs to. */
  readonly CompleteParameter?: string
  /** The only origin that the result is posted to. */
  readonly TargetOrigin?: string
  readonly InlineOAuth?: boolean
}

export interface Installed {
  readonly name: string
  readonly webhooks: readonly { readonly name: string; readonly url: string }[]
}

export interface Flywheel {
  /** A link to LAUNCH: connect one integration. It works once, for 5 minutes. */
  launchUrl(
    customer: Customer,
    options?: DeployOptions & { readonly Tags?: readonly string[]; readonly AutoInstall?: boolean; readonly Wizard?: boolean },
  ): Promise<string>
  /** A link to the marketplace: all that this product offers. */
  marketplaceUrl(customer: Customer, marketplace: number, options?: DeployOptions & { readonly ReturnUrl?: string }): Promise<string>
  /** What of the customer's runs now, with the URLs that take its data. */
  running(customer: Customer): Promise<readonly Installed[]>
}

interface Cycle {
  readonly Name: string
  readonly Status: string
  readonly Webhooks: readonly { readonly StepName: string; readonly Url: string }[]
}

export function createFlywheel({ url, clientId, clientSecret }: FlywheelOptions): Flywheel {
  let token: { readonly value: string; readonly until: number } | undefined

  async function bearer(): Promise<string> {
    if (token !== undefined && Date.now() < token.until) return token.value
    const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret })
    const answer = await fetch(`${url}/oauth/token`, { method: 'POST', body, signal: AbortSignal.timeout(10_000) })
    if (!answer.ok) throw new Error(`Flywheel gives no token: ${answer.status} ${await answer.text()}`)
    const given: { access_token: string; expires_in: number } = JSON.parse(await answer.text())
    token = { value: given.access_token, until: Date.now() + (given.expires_in - 60) * 1000 }
    return token.value
  }

  /** `missing`: what stands for 404, where that may be. */
  async function call<T>(method: string, path: string, { body, account }: { readonly body?: object; readonly account?: string } = {}, missing?: T): Promise<T> {
    const answer = await fetch(`${url}/v1.0${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await bearer()}`,
        ...(account === undefined ? {} : { 'x-cyclr-account': account }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    })
    if (answer.status === 401) token = undefined
    if (answer.status === 404 && missing !== undefined) return missing
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return JSON.parse(await answer.text())
  }

  const account = ({ id }: Customer): string => `/accounts/${encodeURIComponent(id)}`
  return {
    async launchUrl(customer, options = {}) {
      const link = await call<{ LaunchUrl: string }>('POST', `${account(customer)}/launch`, { body: { AccountName: customer.name, ...options } })
      return link.LaunchUrl
    },
    async marketplaceUrl(customer, marketplace, options = {}) {
      const body = { MarketplaceId: marketplace, AccountName: customer.name, ...options }
      const link = await call<{ MarketplaceUrl: string }>('POST', `${account(customer)}/marketplace`, { body })
      return link.MarketplaceUrl
    },
    async running(customer) {
      // An account is made by the first link: before that there is none, and nothing in it.
      const cycles = await call<readonly Cycle[]>('GET', '/cycles?pageSize=500', { account: customer.id }, [])
      return cycles
        .filter(cycle => cycle.Status === 'Active' && cycle.Webhooks.length > 0)
        .map(cycle => ({ name: cycle.Name, webhooks: cycle.Webhooks.map(({ StepName, Url }) => ({ name: StepName, url: Url })) }))
    },
  }
}
