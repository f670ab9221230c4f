import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
django = get_asgi_application()

# The domain can be imported only once Django is set up.
from chats.api.body_limit import limit_bodies  # noqa: E402
from chats.engine.heartbeat import keep_beating  # noqa: E402

application = limit_bodies(django)
keep_beating()
