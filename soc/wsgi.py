"""The WSGI entry point that granian serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from soc.checks import refuse_unsafe_production

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soc.settings")
application = get_wsgi_application()
refuse_unsafe_production()
# What was loaded stays as long as the process: to look through it for garbage again and again would make people wait.
gc.collect()
gc.freeze()
