/** The cycles that are measured: each does the same work as the bare workflow that it is set beside. */
const order = { id: 'order', name: 'Order received', type: 'webhook' } as const

/** Two steps, no answer: `bare`, started and left alone. */
export const asynchronous = {
  name: 'Bench: asynchronous',
  steps: [
    { ...order, next: 'known' },
    { id: 'known', type: 'decision', left: '{{order.body.id}}', condition: 'exists' },
  ],
}

/** Each element of a list, in a transaction of its own. */
export const splitting = {
  name: 'Bench: split',
  steps: [
    { ...order, split: 'body.items', next: 'known' },
    { id: 'known', type: 'decision', left: '{{order.item}}', condition: 'exists' },
  ],
}

/** An answer with one mapping: `bare`, with an update that is answered. */
export const mapping = {
  name: 'Bench: one mapping',
  steps: [
    { ...order, next: 'answer' },
    { id: 'answer', type: 'synchronousResponse', body: { order: '{{order.body.id}}' } },
  ],
}

/** One call before the answer: `bare` with its regular activity. */
export const request = (url: string) => ({
  name: 'Bench: one request',
  steps: [
    { ...order, next: 'call' },
    { id: 'call', type: 'request', method: 'POST', url, body: { order: '{{order.body.id}}' }, next: 'answer' },
    { id: 'answer', type: 'synchronousResponse', body: { order: '{{call.body.order}}' } },
  ],
})

/** Waits, and answers each request that it is resumed by: `bareWaiting`. */
export const waiting = {
  name: 'Bench: waiting',
  steps: [
    { ...order, next: 'despatched' },
    { id: 'despatched', name: 'Despatched', type: 'webhook', match: { request: 'body.order', transaction: 'order.body.id' }, next: 'answer' },
    { id: 'answer', type: 'synchronousResponse', body: { order: '{{despatched.body.order}}' } },
  ],
}
