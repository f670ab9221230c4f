import os
from typing import cast

from asgiref.typing import ASGI3Application
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
django = get_asgi_application()

# The domain can be imported only once Django is set up.
from chats.api.body_limit import App, limit_bodies  # noqa: E402
from chats.engine.heartbeat import keep_beating  # noqa: E402
from dashboard.bodies import LimitBodies  # noqa: E402

# The webhook door is stricter than the rest, and answers in its own words.
application = limit_bodies(cast(App, LimitBodies(cast(ASGI3Application, django))))
keep_beating()
