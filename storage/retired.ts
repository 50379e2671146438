import type { Registry } from './registry.ts'

/** Account connectors with those behind them that were deleted and are kept until their subscriptions have ended (connectors.md 4). */
export const withRetired = ({
  connectors,
  accountConnectors,
  subscriptions,
}: Pick<Registry, 'connectors' | 'accountConnectors' | 'subscriptions'>): Pick<Registry, 'connectors' | 'accountConnectors'> => ({
  connectors,
  accountConnectors: {
    ...accountConnectors,
    of(account) {
      const [own, retired] = [accountConnectors.of(account), subscriptions.retired(account)]
      return {
        ...own,
        get: async id => (await own.get(id)) ?? retired.get(id),
        async replace(id, value, expected) {
          const answer = await own.replace(id, value, expected)
          return answer === 'gone' ? retired.replace(id, value, expected) : answer
        },
      }
    },
  },
})
