import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "feedback_system.settings.prod")
application = get_wsgi_application()
# What is loaded stays for the process's life: the collector need not walk through it again in the middle of a request.
gc.collect()
gc.freeze()
