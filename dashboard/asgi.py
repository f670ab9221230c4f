import os
from typing import cast

from asgiref.typing import ASGI3Application
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
django_application = get_asgi_application()

# The domain can be imported only once Django is set up.
from chats.engine.heartbeat import keep_beating  # noqa: E402
from dashboard.bodies import LimitBodies  # noqa: E402

application = LimitBodies(cast(ASGI3Application, django_application))

keep_beating()
