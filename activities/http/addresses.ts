/** Which addresses outbound calls may reach (operations.md 4): judged on the resolved address of every connection, so that no name can be re-bound. */
import { lookup as resolve, type LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'

export interface AddressRules {
  readonly allowPrivateAddresses: boolean
  /** Names and CIDR ranges that may be called though their addresses are private. */
  readonly allowedAddresses: readonly string[]
}

export interface AddressPolicy {
  /** Throws `AddressRefused` where the host is an address that may not be called; names are judged when they are resolved. */
  checkHost(host: string): void
  /** For `connect`: resolves a name and leaves only the addresses that may be called. */
  readonly lookup: LookupFunction
}

/** A call to an address that is not allowed. The message names the host, never the address it resolved to. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
  constructor(host: string) {
    super(`Calls to ${host} are not allowed: it is a loopback, private, link-local or reserved address`)
  }
}

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number]

function rangeOf(text: string): Range | undefined {
  try {
    if (text.includes('/')) return ipaddr.parseCIDR(text)
    const address = ipaddr.parse(text)
    return [address, address.kind() === 'ipv4' ? 32 : 128]
  } catch {
    return undefined
  }
}

export function createAddressPolicy({ allowPrivateAddresses, allowedAddresses }: AddressRules): AddressPolicy {
  const names = new Set<string>()
  const ranges: Range[] = []
  for (const text of allowedAddresses) {
    const range = rangeOf(text)
    if (range === undefined) names.add(text.toLowerCase())
    else ranges.push(range)
  }
  // IPv4 in an IPv6 coat is judged as IPv4; other coats (6to4, Teredo, NAT64) are not `unicast` and are refused.
  const allowed = (text: string): boolean => {
    if (allowPrivateAddresses) return true
    if (!ipaddr.isValid(text)) return false
    const address = ipaddr.process(text)
    return address.range() === 'unicast' || ranges.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits))
  }
  const bare = (host: string): string => host.replace(/^\[|\]$/g, '').toLowerCase()

  return {
    checkHost(host) {
      const name = bare(host)
      if (isIP(name) !== 0 && !names.has(name) && !allowed(name)) throw new AddressRefused(host)
    },
    lookup(hostname, options, callback) {
      resolve(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
        if (error !== null) return callback(error, '')
        const fit = names.has(bare(hostname)) ? found : found.filter(({ address }) => allowed(address))
        const first = fit[0]
        if (first === undefined) return callback(new AddressRefused(hostname), '')
        if (options.all === true) callback(null, fit)
        else callback(null, first.address, first.family)
      })
    },
  }
}
