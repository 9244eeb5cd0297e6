// Without this file every page works; with it, menus fold on a telephone and tabs do not reload.
import { initAll } from '../vendored/govuk/govuk-frontend.js'

const start = () => {
  document.body.classList.add('js-enabled', 'govuk-frontend-supported')
  initAll()
}
start()
document.body.addEventListener('htmx:afterSettle', start)
