/** The Express router made from the table of routes. */
import { randomUUID } from 'node:crypto'
import { Router, type ErrorRequestHandler, type Request, type Response } from 'express'
import { ApiError, RegistryLost, StorageUnavailable } from '../../domain/errors.ts'
import { bareProblemPage } from '../pages/problem.tsx'
import { noBody, type RawCall, type Route } from '../route.ts'
import type { Services } from '../services.ts'
import { accountFor, authenticate } from './auth.ts'
import { readApiBody } from './body.ts'
import { once } from './idempotency.ts'
import { send, writtenAnswer, writtenError, writtenText, type Written } from './written.ts'

export interface ApiLogger {
  error(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export interface RouterDeps {
  readonly services: Services
  readonly logger: ApiLogger
  /** One request was answered. `route`: as in the table, `unknown` where there is none. */
  readonly answered: (method: string, route: string, status: number) => void
}

const MANAGED = '/v1.0/'

/** Everything that no router before it took: a call of the table, else 404 as JSON. */
export function createRouter(routes: readonly Route[], deps: RouterDeps): Router {
  const router = Router()
  for (const path of new Set(routes.map(route => route.path))) {
    const here = routes.filter(route => route.path === path)
    router.all(path.replaceAll(/\{(\w+)\}/g, ':$1'), (req, res) => handle(deps, req, res, path, () => respond(deps, path, here, req)))
  }
  router.use((req, res) =>
    handle(deps, req, res, UNKNOWN, async () => {
      if (req.path.toLowerCase().startsWith(MANAGED)) {
        await deps.services.guard.check()
        await authenticate(deps.services.registry, req.headers)
      }
      throw new ApiError('route_not_found', 'There is no such call; /docs lists all of them.')
    }),
  )
  const onError: ErrorRequestHandler = (error: unknown, req, res, _next) => handle(deps, req, res, UNKNOWN, () => Promise.reject(error))
  router.use(onError)
  return router
}

const UNKNOWN = 'unknown'

async function respond({ services, logger }: RouterDeps, path: string, routes: readonly Route[], req: Request): Promise<Written | undefined> {
  const method = req.method === 'HEAD' ? 'GET' : req.method
  const route = routes.find(one => one.method === method)
  const managed = path.startsWith(MANAGED)
  // Tokens go with the registry: a caller whose token is unknown is told the reason.
  const state = managed && route?.withoutRegistry !== true ? await services.guard.check() : undefined
  const grant = managed ? await authenticate(services.registry, req.headers) : undefined
  if (route === undefined) return notAllowed(services, req, routes)
  const account = grant === undefined ? undefined : await accountFor(services.registry, route.level, grant, req.headers)
  const headers = headersOf(req)
  const run = async (): Promise<Written | undefined> => {
    const body = route.body === noBody ? undefined : await readApiBody(req, route.bodyKind ?? 'json', route.bodyMax)
    if (body === undefined && route.body !== noBody) return undefined
    const call: RawCall = {
      params: paramsOf(req),
      query: new URL(req.originalUrl, 'http://api').searchParams,
      headers,
      body,
      account,
      head: req.method === 'HEAD',
    }
    const answer = writtenAnswer(route, await route.run(services, call))
    // The first thing that is written makes it a registry; where this fails it is made up for later.
    if (state === 'fresh' && method !== 'GET' && answer.status < 300)
      await services.guard.establish().catch((error: unknown) => logger.warn({ err: error }, 'the registry could not be marked'))
    return answer
  }
  if (grant === undefined || method !== 'POST') return run()
  // The same path is another thing in another account.
  const scope = JSON.stringify([grant.clientId, account?.id ?? '', req.path])
  return once({ answers: services.registry.answers, sealer: services.sealer }, scope, headers['idempotency-key'], run)
}

async function handle(deps: RouterDeps, req: Request, res: Response, route: string, run: () => Promise<Written | undefined>): Promise<void> {
  let answer: Written | undefined
  try {
    answer = await run()
  } catch (error) {
    answer = problem(deps, req, error)
  }
  if (answer === undefined) return
  deps.answered(req.method, route, answer.status)
  send(res, answer, { head: req.method === 'HEAD', store: !route.startsWith(MANAGED) && !route.startsWith('/oauth/') })
}

function notAllowed(services: Services, req: Request, routes: readonly Route[]): Written {
  const methods = routes.map(one => one.method)
  const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])].join(', ')
  const error = told(services, req, new ApiError('method_not_allowed', `${req.method} is not possible here; possible: ${allow}.`))
  return { ...error, headers: { ...error.headers, Allow: allow } }
}

/** Browsers come here: they are told in words, as a page (marketplace.md 4). */
const isPage = ({ path }: Request): boolean => /^\/account\//i.test(path) || path === '/oauth/callback'

const told = ({ settings }: Services, req: Request, error: ApiError, id?: string): Written =>
  isPage(req) ? writtenText(bareProblemPage(settings.publicUrl, error, id)) : writtenError(error, id)

/** What is no fault of the caller's is logged under an id, and only the id goes out. */
function problem({ services, logger }: RouterDeps, req: Request, error: unknown): Written {
  if (error instanceof ApiError && error.status < 500) return told(services, req, error)
  if (isBadUrl(error)) return told(services, req, new ApiError('request_invalid', 'The URL is not valid.'))
  const id = randomUUID()
  const fields = { id, err: error, method: req.method, path: req.path }
  if (error instanceof ApiError) {
    logger.warn(fields, 'a call could not be carried out')
    return told(services, req, error, id)
  }
  if (error instanceof RegistryLost) {
    logger.warn(fields, 'a call needs the registry')
    return told(services, req, new ApiError('service_unavailable', error.message), id)
  }
  if (error instanceof StorageUnavailable) {
    logger.warn(fields, 'Redis could not be asked')
    return told(services, req, new ApiError('service_unavailable', 'The storage does not answer. Try again.'), id)
  }
  logger.error(fields, 'a call failed')
  return told(services, req, new ApiError('internal_error', 'Something went wrong. The log tells more under this id.'), id)
}

/** Express found a part of the path that does not decode. */
const isBadUrl = (error: unknown): boolean => error instanceof URIError || (error instanceof TypeError && 'code' in error && error.code === 'ERR_INVALID_URL')

const paramsOf = (req: Request): { [name: string]: string } =>
  Object.fromEntries(Object.entries(req.params).map(([name, value]): [string, string] => [name, String(value)]))

/** Those that may stand there once; a repeated one counts as joined. */
const headersOf = (req: Request): { [name: string]: string | undefined } =>
  Object.fromEntries(Object.entries(req.headers).map(([name, value]): [string, string | undefined] => [name, Array.isArray(value) ? value.join(', ') : value]))
