/** The product itself, in short: orders of bakeries, in memory. */
import type { Flywheel, Customer } from './flywheel.ts'

export interface Order {
  readonly id: string
  readonly customer: string
  readonly what: string
  readonly total: number
  readonly at: string
  /** The integrations that were told. */
  readonly told: readonly string[]
}

const GOODS = [
  { what: '40 croissants', total: 72 },
  { what: '12 sourdough loaves', total: 66 },
  { what: 'Wedding cake, three tiers', total: 340 },
  { what: '24 cinnamon buns', total: 60 },
  { what: '6 rye loaves, 20 rolls', total: 49 },
] as const
const BUYERS = ['Café Amsel', 'Hotel Seeblick', 'Ada Okafor', 'The Reading Room', 'St Mary’s School'] as const

export interface Orders {
  of(customer: Customer): readonly Order[]
  /** A new order; the integrations of the customer that run are told of it. */
  place(customer: Customer): Promise<Order>
}

export function createOrders(flywheel: Flywheel): Orders {
  const all = new Map<string, Order[]>()
  const made = (number: number, told: readonly string[], at: Date): Order => {
    const goods = GOODS[number % GOODS.length] ?? GOODS[0]
    return { id: `L-${1040 + number}`, customer: BUYERS[number % BUYERS.length] ?? '', ...goods, told, at: at.toISOString() }
  }
  const of = ({ id }: Customer): Order[] => {
    const there = all.get(id) ?? [4, 3, 2, 1].map(number => made(number, [], new Date(Date.now() - (5 - number) * 2_700_000)))
    all.set(id, there)
    return there
  }
  return {
    of,
    async place(customer) {
      const orders = of(customer)
      const running = await flywheel.running(customer)
      const order = made(
        orders.length + 1,
        running.map(({ name }) => name),
        new Date(),
      )
      orders.unshift(order)
      const body = JSON.stringify({ id: order.id, customer: order.customer, goods: order.what, total: order.total })
      // Each takes it once, whatever is repeated: the order's id is its key.
      const headers = { 'content-type': 'application/json', 'idempotency-key': order.id }
      await Promise.all(
        running.flatMap(({ webhooks }) =>
          webhooks.slice(0, 1).map(({ url }) => fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) })),
        ),
      )
      return order
    },
  }
}
