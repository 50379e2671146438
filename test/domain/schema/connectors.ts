/** A connector without anything particular. */
export const shop = {
  name: 'Example Shop',
  version: '1.0',
  baseUrl: 'https://shop.example/api',
  authentication: { type: 'bearer' },
  methods: [{ id: 'getOrder', type: 'read', method: 'GET', path: '/orders/{{parameters.id}}', parameters: [{ name: 'id', required: true }] }],
} as const
