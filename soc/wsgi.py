"""The WSGI entry point that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from soc.checks import refuse_unsafe_production
from soc.web.garbage import look_rarely

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soc.settings")
application = get_wsgi_application()
refuse_unsafe_production()
look_rarely()
