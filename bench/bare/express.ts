/** Bare Express: what an HTTP server in this stack does when it does nothing. Prints its port. */
import express from 'express'

const app = express()
app.disable('x-powered-by')
app.disable('etag')
app.post('/', (_request, response) => {
  response.type('text/plain').send('Webhook accepted.')
})
/** A page of so many bytes, made once. */
const pages = new Map<number, string>()
app.get('/page', (request, response) => {
  const bytes = Number(request.query.bytes)
  const page = pages.get(bytes) ?? 'x'.repeat(bytes)
  pages.set(bytes, page)
  response.type('html').send(page)
})
const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  process.stdout.write(`${address.port}\n`)
})
