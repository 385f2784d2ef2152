"""The WSGI entry point that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from soc.checks import refuse_unsafe_production
from soc.web.garbage import look_rarely
from soc.web.loading import load_pages

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soc.settings")
application = get_wsgi_application()
refuse_unsafe_production()
load_pages()
look_rarely()
