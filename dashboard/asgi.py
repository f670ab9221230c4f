import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
application = get_asgi_application()

# The domain can be imported only once Django is set up.
from chats.engine.heartbeat import keep_beating  # noqa: E402

keep_beating()
