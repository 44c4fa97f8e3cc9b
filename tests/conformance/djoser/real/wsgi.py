"""What gunicorn serves: an empty database with the accounts of the suite."""

import json
import pathlib

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connections  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402

call_command("migrate", verbosity=0)
for account in json.loads((pathlib.Path(__file__).parent.parent / "accounts.json").read_text()):
    password, token = account.pop("password"), account.pop("auth_token")
    user = User(**account)
    # Without a password it is an unusable one.
    user.set_password(password)
    user.save()
    if token:
        Token.objects.create(user=user, key=token)

# A worker that is forked from here opens its own.
connections.close_all()
application = get_wsgi_application()
