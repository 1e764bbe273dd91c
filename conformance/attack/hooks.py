"""Hooks of schemathesis: they sign up a user for each worker and add the user's credentials to requests."""

import itertools
import threading

import requests
import schemathesis

numbers = itertools.count()
worker = threading.local()  # has one user for each worker thread, so that no worker ends another worker's session

PASSWORD = "correct horse"


class Person:
    """A user with a session and a JWT."""

    def __init__(self, base):
        self.http = requests.Session()
        self.base = base
        answer = self.http.post(
            f"{base}/api/auth/sign-up/email",
            json={"name": "Ada", "email": f"ada{next(numbers)}@example.com", "password": PASSWORD},
        )
        answer.raise_for_status()
        self.bearer = answer.json()["token"]
        self.cookie = answer.cookies["better-auth.session_token"]
        self.headers = {"Authorization": f"Bearer {self.bearer}"}
        self.http.cookies.clear()
        self.jwt = self.http.get(f"{base}/api/auth/token", headers=self.headers).json()["token"]

    def signed_in(self):
        answer = self.http.get(f"{self.base}/api/auth/get-session", headers=self.headers)
        return answer.status_code == 200 and answer.json() is not None


def person(base):
    """Return the worker's user, or a new one if the last request ended the session or deleted the account."""
    if not hasattr(worker, "person") or not worker.person.signed_in():
        worker.person = Person(base)
    return worker.person


# refresh_interval=None checks the session before each case, since an operation can end it.
@schemathesis.auth(refresh_interval=None)
class SignedIn:
    def get(self, case, context):
        if context.operation.definition.raw.get("security") == []:
            return None
        return person(case.operation.schema.config.base_url.rstrip("/"))

    def set(self, case, data, context):
        if data is None:
            return
        case.headers = case.headers or {}
        schemes = [name for entry in context.operation.definition.raw.get("security", []) for name in entry]
        if "jwt" in schemes:
            case.headers["Authorization"] = f"Bearer {data.jwt}"
        elif next(numbers) % 2:
            case.headers["Authorization"] = f"Bearer {data.bearer}"
        else:
            case.cookies = case.cookies or {}
            case.cookies["better-auth.session_token"] = data.cookie
            case.headers["Origin"] = data.base  # as a browser sends it on pages of the site itself
