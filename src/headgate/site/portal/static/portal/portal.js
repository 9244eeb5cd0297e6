// Without this file every page works; with it, menus fold on a telephone and tabs do not reload.
import { initAll } from '../vendored/govuk/govuk-frontend.js'

const start = () => {
  document.body.classList.add('js-enabled', 'govuk-frontend-supported')
  initAll()
}
start()
document.body.addEventListener('htmx:afterSettle', start)
// Pages of signing in have scripts that want a page of their own.
document.body.addEventListener('htmx:beforeSwap', (event) => {
  const where = new URL(event.detail.xhr.responseURL)
  if (where.pathname.startsWith('/account/')) {
    event.detail.shouldSwap = false
    window.location.assign(where)
  }
})
