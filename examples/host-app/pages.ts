/** The product's pages. */
import type { Customer } from './flywheel.ts'
import { html, type Html } from './html.ts'
import type { Order } from './orders.ts'

interface Frame {
  readonly customers: readonly Customer[]
  readonly customer: Customer
  /** Where results come from: the scripts believe no other origin. */
  readonly flywheelOrigin: string
}

interface Page extends Frame {
  readonly title: string
  readonly here: '/' | '/integrations'
  readonly script?: string
  readonly content: Html
}

const head = (title: string, script?: string): Html =>
  html`<meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${title} · Loaf</title>
    <link rel="icon" href="/public/loaf.svg" />
    <link rel="stylesheet" href="/public/app.css" />
    ${script === undefined ? undefined : html`<script type="module" src="/public/${script}"></script>`}`

const layout = ({ title, here, script, content, customers, customer, flywheelOrigin }: Page): Html =>
  html`<!doctype html>
    <html lang="en">
      <head>
        ${head(title, script)}
      </head>
      <body data-flywheel-origin="${flywheelOrigin}">
        <header class="side">
          <a class="brand" href="/"><img src="/public/loaf.svg" alt="" width="32" height="32" />Loaf</a>
          <nav aria-label="Loaf">${link('/', 'Orders', here)} ${link('/integrations', 'Integrations', here)}</nav>
          <form class="who" method="post" action="/customer">
            <label for="customer">Signed in as</label>
            <select id="customer" name="id">
              ${customers.map(one =>
                one.id === customer.id ? html`<option value="${one.id}" selected>${one.name}</option>` : html`<option value="${one.id}">${one.name}</option>`,
              )}
            </select>
            <button>Switch</button>
          </form>
        </header>
        <main>${content}</main>
      </body>
    </html>`

const link = (to: string, name: string, here: string): Html =>
  to === here ? html`<a href="${to}" aria-current="page">${name}</a>` : html`<a href="${to}">${name}</a>`

const price = (total: number): string => total.toLocaleString('en', { style: 'currency', currency: 'EUR' })
const time = (at: string): Html => html`<time datetime="${at}">${at.slice(11, 16)}</time>`

export const ordersPage = (frame: Frame, orders: readonly Order[]): Html =>
  layout({
    ...frame,
    title: 'Orders',
    here: '/',
    content: html`<div class="top">
        <div>
          <h1>Orders</h1>
          <p class="quiet">${frame.customer.name}, today</p>
        </div>
        <form method="post" action="/orders"><button class="strong">Place a sample order</button></form>
      </div>
      <div class="card wide">
        <table>
          <thead>
            <tr>
              <th scope="col">Order</th>
              <th scope="col">For</th>
              <th scope="col">What</th>
              <th scope="col" class="number">Total</th>
              <th scope="col">Told to</th>
            </tr>
          </thead>
          <tbody>
            ${orders.map(
              order =>
                html`<tr>
                  <td>${order.id}<br /><span class="quiet">${time(order.at)}</span></td>
                  <td>${order.customer}</td>
                  <td>${order.what}</td>
                  <td class="number">${price(order.total)}</td>
                  <td>
                    ${order.told.length === 0 ? html`<span class="quiet">nobody</span>` : order.told.map(name => html`<span class="chip">${name}</span> `)}
                  </td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>`,
  })

/** `src`: the link of the deploy call, which the frame opens. */
export const integrationsPage = (frame: Frame, src: string): Html =>
  layout({
    ...frame,
    title: 'Integrations',
    here: '/integrations',
    script: 'integrations.js',
    content: html`<div class="top">
        <div>
          <h1>Integrations</h1>
          <p class="quiet">Loaf works with what your bakery uses already.</p>
        </div>
        <div class="actions">
          <button class="strong" data-open="/connect/launch?tag=accounting">Connect your accounting</button>
          <button data-open="/connect/launch?choose=yes&amp;wizard=yes">Connect an app, step by step</button>
          <button data-open="/connect/window">Open in a window</button>
          <a class="button" href="/connect/tab">Open in this tab</a>
        </div>
      </div>
      <div class="columns">
        <iframe class="card" title="Marketplace" src="${src}"></iframe>
        <aside>
          <section class="card" aria-labelledby="results">
            <h2 id="results">Results</h2>
            <p class="quiet">What the pages posted to this one when something was installed.</p>
            <ol id="result-list" aria-live="polite"></ol>
          </section>
          <section class="card" aria-labelledby="notifications">
            <h2 id="notifications">Notifications</h2>
            <p class="quiet">What Flywheel told our server. Each one’s signature was checked.</p>
            <ol id="notification-list" aria-live="polite"></ol>
          </section>
        </aside>
      </div>`,
  })

/** A pop-up of the product with the marketplace in a frame: what the pages post to their parent it passes on to the page that opened it. */
export const windowPage = (flywheelOrigin: string, src: string): Html =>
  html`<!doctype html>
    <html lang="en">
      <head>
        ${head('Integrations', 'window.js')}
      </head>
      <body class="window" data-flywheel-origin="${flywheelOrigin}">
        <iframe title="Marketplace" src="${src}"></iframe>
      </body>
    </html>`

/** Where the `ReturnUrl` leads: the result is in the fragment, which no server sees. */
export const installedPage = (frame: Frame): Html =>
  layout({
    ...frame,
    title: 'Installed',
    here: '/integrations',
    script: 'installed.js',
    content: html`<div class="top"><h1 id="headline">Back in Loaf</h1></div>
      <section class="card narrow">
        <p id="message">Nothing was installed.</p>
        <ol id="result-list"></ol>
        <p><a href="/integrations">To the integrations</a></p>
      </section>`,
  })
