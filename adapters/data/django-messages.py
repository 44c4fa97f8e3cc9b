#!/usr/bin/env python3
"""Writes django-messages.txt: what the catalogues of Django and its packages have for the sentences that we send.

Asks the installed packages themselves, with the applications of a stock Djoser project, so that the order of catalogues
and their fallbacks are Django's own. A new sentence is a line below; run it again with

    python3 -m venv venv
    venv/bin/pip install 'django==5.2.*' 'djangorestframework==3.18.*' 'djoser==2.3.*' 'djangorestframework-simplejwt==5.5.*'
    venv/bin/python adapters/data/django-messages.py
"""

import gettext
import pathlib
import re
from importlib.metadata import version

import django
from django.conf import settings

# Not rest_framework_simplejwt: its pages need no entry, so a stock project has none, and its sentences stay English.
APPLICATIONS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "rest_framework.authtoken",
    "djoser",
]

# What gettext is asked for, by where it stands.
SENTENCES = """
django.contrib.auth.password_validation
The password is too similar to the %(verbose_name)s.
This password is too common.
This password is entirely numeric.

django.contrib.auth.models
username
first name
last name
email address
Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.
A user with that username already exists.

django.contrib.auth.validators
Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.

django.core.validators
Enter a valid value.
Enter a valid email address.
Null characters are not allowed.

rest_framework.exceptions
Malformed request.
Authentication credentials were not provided.
You do not have permission to perform this action.
Not found.
Method "{method}" not allowed.
Could not satisfy the request Accept header.
Unsupported media type "{media_type}" in request.
Request was throttled.
Expected available in {wait} second.
Expected available in {wait} seconds.

rest_framework.authentication
Invalid token header. No credentials provided.
Invalid token header. Token string should not contain spaces.
Invalid token header. Token string should not contain invalid characters.
Invalid token.
User inactive or deleted.

rest_framework.fields, rest_framework.serializers, rest_framework.validators
This field is required.
This field may not be null.
This field may not be blank.
Not a valid string.
Must be a valid boolean.
Ensure this field has no more than {max_length} characters.
Ensure this field has at least {min_length} characters.
Invalid data. Expected a dictionary, but got {datatype}.
This field must be unique.
Surrogate characters are not allowed: U+{code_point:X}.

djoser.constants
Unable to log in with provided credentials.
User account is disabled.
Invalid token for given user.
Invalid user id or user doesn't exist.
Stale token for given user.
The two password fields didn't match.
The two {0} fields didn't match.
Invalid password.
User with given email does not exist.
Unable to create account.

djoser/templates/email
Account activation on %(site_name)s
You're receiving this email because you need to finish activation process on %(site_name)s.
Please go to the following page to activate account:
Thanks for using our site!
The %(site_name)s team
%(site_name)s - Your account has been successfully created and activated!
Your account has been created and is ready to use!
%(site_name)s - Your password has been successfully changed!
Your password has been changed!
Password reset on %(site_name)s
You're receiving this email because you requested a password reset for your user account at %(site_name)s.
Please go to the following page and choose a new password:
Your username, in case you've forgotten:
%(site_name)s - Your username has been successfully changed!
Your username has been changed!
Username reset on %(site_name)s
You're receiving this email because you requested a username reset for your user account at %(site_name)s.
Please go to the following page and choose a new username:

rest_framework_simplejwt
Authorization header must contain two space-delimited values
Given token not valid for any token type
Token contained no recognizable user identification
User not found
User is inactive
The user's password has been changed.
Token is invalid or expired
No active account found with the given credentials
No active account found for the given token.
Token is blacklisted
Token is expired
Token is invalid
Token has no id
Token has no type
Token has wrong type
Token has no '{}' claim
Token '{}' claim has expired
"""

# What ngettext is asked for: for one, for any other number.
COUNTED = [
    (
        "This password is too short. It must contain at least %d character.",
        "This password is too short. It must contain at least %d characters.",
    ),
]

HEADER = """\
# What Django's catalogues have for the sentences of the Django dialects. Written by django-messages.py; not to be edited.
#
# The translations are those of the volunteers of these projects, taken from the packages
{packages}
#
# "languages" are Django's LANGUAGES in their order, "fallbacks" those of LANG_INFO. Behind "= " stands a sentence in
# English, then a line for each language that has a text for it: code, tab, text. Behind "=n " a sentence that
# depends on a number: code, the rule of gettext that gives the number's form, the forms, all separated by tabs.
"""

PACKAGES = [
    ("django", "Copyright (c) Django Software Foundation and individual contributors, BSD-3-Clause"),
    ("djangorestframework", "Copyright (c) 2011-present Encode OSS Ltd., BSD-3-Clause"),
    ("djoser", "Copyright (c) 2013-2023 SUNSCRAPERS, MIT"),
]

# Numbers up to here are tried on each rule; rules look at the last two digits and at small numbers.
NUMBERS = range(1201)


def catalogues(translation, default):
    """Every catalogue in which Django looks before that of the default language, in its order, with its header."""
    while translation not in (None, default):
        catalogue = translation._catalog
        for one in getattr(catalogue, "_catalogs", [catalogue]):
            yield one
        translation = translation._fallback


def counted(translation, default, one, other):
    """The rule and the forms, or None."""
    for catalogue in catalogues(translation, default):
        forms = []
        while (one, len(forms)) in catalogue:
            forms.append(catalogue[one, len(forms)])
        if not forms:
            continue
        rule = re.search(r"plural\s*=\s*([^;\n]+(?:\n[^;\n:]+)*)", catalogue[""]).group(1)
        rule = "".join(rule.split())
        form = gettext.c2py(rule)
        for number in NUMBERS:
            said = translation.ngettext(one, other, number)
            assert said == forms[form(number)], (translation, number, said)
        return [rule, *forms]
    return None


def line(fields):
    assert not any(re.search(r"[\t\n\r]", field) for field in fields), fields
    return "\t".join(fields) + "\n"


def main():
    settings.configure(INSTALLED_APPS=APPLICATIONS, LANGUAGE_CODE="en-us", USE_I18N=True)
    django.setup()
    from django.conf.locale import LANG_INFO
    from django.utils.translation import override, gettext as translated, trans_real

    default = trans_real.translation(settings.LANGUAGE_CODE)
    languages = [code for code, _ in settings.LANGUAGES]
    fallbacks = [f"{code}:{to}" for code, info in LANG_INFO.items() for to in info.get("fallback", [])]
    packages = "\n".join(f"#   {name} {version(name)}: {notice}" for name, notice in PACKAGES)
    text = [HEADER.format(packages=packages)]
    text.append(f"languages {' '.join(languages)}\nfallbacks {' '.join(fallbacks)}\n")
    for group in SENTENCES.strip().split("\n\n"):
        for sentence in group.split("\n")[1:]:
            text.append(f"= {sentence}\n")
            for code in languages:
                with override(code):
                    said = translated(sentence)
                # Without a language chosen, a stock project says its msgids.
                assert code != "en" or said == sentence, sentence
                # The English word may be that of another language too; then the mount's default is not asked.
                has_it = any(sentence in one for one in catalogues(trans_real.translation(code), default))
                if said != sentence or (has_it and not code.startswith("en")):
                    text.append(line([code, said]))
    for one, other in COUNTED:
        text.append(f"=n {one}\n")
        for code in languages:
            found = counted(trans_real.translation(code), default, one, other)
            assert code != "en" or found is None or found[1:] == [one, other], found
            if found and found[1:] != [one, other]:
                text.append(line([code, *found]))
    target = pathlib.Path(__file__).with_suffix(".txt")
    target.write_text("".join(text), encoding="utf-8")
    print(f"{target.name}: {len(languages)} languages, {sum(len(part.encode()) for part in text)} bytes")


main()
