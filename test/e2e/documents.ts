/** Documents that several tests from outside work with. */

/** Asynchronous: tells the receiver. */
export const telling = (receiver: string, extra: object = {}): object => ({
  name: 'Telling',
  ...extra,
  steps: [
    { id: 'order', type: 'webhook', next: 'tell' },
    { id: 'tell', type: 'request', method: 'POST', url: `${receiver}/told`, body: { tx: '{{transaction.id}}', body: '{{order.body}}' } },
  ],
})

/** Synchronous: answers what was sent. */
export const echo = (extra: object = {}): object => ({
  name: 'Echo',
  ...extra,
  steps: [
    { id: 'order', type: 'webhook', next: 'answer' },
    { id: 'answer', type: 'synchronousResponse', body: '{{order}}' },
  ],
})

/** Synchronous, with a call to the receiver before the answer and one after it. */
export const asking = (receiver: string, settings: object = {}, call: object = {}): object => ({
  name: 'Asking',
  settings,
  steps: [
    { id: 'order', type: 'webhook', next: 'ask' },
    { id: 'ask', type: 'request', method: 'POST', url: `${receiver}/ask`, body: { id: '{{order.body.id}}' }, ...call, next: 'answer' },
    { id: 'answer', type: 'synchronousResponse', status: 201, headers: { 'X-Order': '{{order.body.id}}' }, body: { got: '{{ask.body}}' }, next: 'after' },
    { id: 'after', type: 'request', method: 'POST', url: `${receiver}/after`, body: { id: '{{order.body.id}}', tx: '{{transaction.id}}' } },
  ],
})

/** Mid-cycle: the trigger's `id` is the mapped value; each further request is told to the receiver. */
export const waiting = (receiver: string, webhook: object = {}, extra: object = {}): object => ({
  name: 'Waiting',
  ...extra,
  steps: [
    { id: 'order', type: 'webhook', next: 'update' },
    { id: 'update', type: 'webhook', match: { request: 'body.id', transaction: 'order.body.id' }, ...webhook, next: 'tell' },
    {
      id: 'tell',
      type: 'request',
      method: 'POST',
      url: `${receiver}/updates`,
      body: { tx: '{{transaction.id}}', id: '{{order.body.id}}', n: '{{update.body.n}}' },
    },
  ],
})
