/** Free ports of this machine. */
import { createServer } from 'node:net'

/** A port that is free on both loopback addresses: the one wished for, else the next one above it; 0: any. */
export async function freePort(wished: number): Promise<number> {
  for (let port = wished; port <= Math.min(wished + 500, 65_535); port++) {
    const bound = await tryPort(port, '127.0.0.1')
    // `localhost` may be ::1: a stranger who listens there would get what is sent to us.
    if (bound !== undefined && (await tryPort(bound, '::1')) !== undefined) return bound
  }
  throw new Error(`no free port from ${wished} on`)
}

/** The port where it could be bound; an address that this machine does not have counts as free. */
function tryPort(port: number, host: string): Promise<number | undefined> {
  return new Promise(resolve => {
    const server = createServer()
    server.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE' || error.code === 'EACCES' ? undefined : port))
    server.listen({ port, host, exclusive: true }, () => {
      const bound = server.address()
      server.close(() => resolve(typeof bound === 'object' && bound !== null ? bound.port : undefined))
    })
  })
}
