/** Bare Express: what an HTTP server in this stack does when it does nothing. Prints its port. */
import express from 'express'

const app = express()
app.disable('x-powered-by')
app.post('/', (_request, response) => {
  response.type('text/plain').send('Webhook accepted.')
})
const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  process.stdout.write(`${address.port}\n`)
})
