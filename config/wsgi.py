"""The entry point that the web server loads: ``config.wsgi:application``.

WSGI only: Django serves synchronous views, everything asynchronous lives in the provider runtime.
"""

import os

from django.core.wsgi import get_wsgi_application

from config.turnstile import through_turnstile

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

application = through_turnstile(get_wsgi_application())
