"""The application as a server runs it."""

from django.core.asgi import get_asgi_application

from headgate.site.records.database import set_up

set_up()
application = get_asgi_application()
