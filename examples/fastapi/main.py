"""An API that accepts Xenon's tokens, with FastAPI and PyJWT.

It makes only the first of the two checks of docs/verify-tokens.md, that the token is valid. It accepts the token of a
session that has ended until the token expires. The section "Check the session" of that page has the second check.
"""

import logging
import os
import sys
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

# The public origin of Xenon, equal to iss of the tokens to the letter: http://localhost:3000, not 127.0.0.1, no slash at
# the end.
ISSUER = os.environ.get("XENON_ISSUER", "")
if not ISSUER:
    sys.exit("set XENON_ISSUER to the public origin of Xenon, such as https://learn.example.com")
AUDIENCE = os.environ.get("XENON_AUDIENCE", ISSUER)

# PyJWKClient fetches the keys for the first token, then every five minutes, and for a token with an unknown key.
keys = jwt.PyJWKClient(ISSUER.rstrip("/") + "/.well-known/jwks.json", lifespan=300, timeout=5)
bearer = HTTPBearer(auto_error=False)
log = logging.getLogger(__name__)
app = FastAPI()


class User(BaseModel):
    """The user of a valid token."""

    id: str
    session: str | None = None
    email: str | None = None


def unauthorized(reason: str) -> HTTPException:
    return HTTPException(401, reason, headers={"WWW-Authenticate": "Bearer"})


# Not async: PyJWKClient blocks while it fetches the keys, so FastAPI must call this function in a thread.
def get_current_user(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> User:
    """Returns the user of the request, or answers 401; 503 if the keys cannot be fetched."""
    if credentials is None:
        raise unauthorized("a bearer token is required")
    token = credentials.credentials
    try:
        claims = jwt.decode(
            token,
            keys.get_signing_key_from_jwt(token),
            algorithms=["RS256", "ES256", "EdDSA"],  # a key verifies only its own algorithm
            issuer=ISSUER,
            audience=AUDIENCE,
            leeway=10,  # seconds by which the clocks may differ; the token is valid this much longer, too
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except jwt.PyJWKClientConnectionError as error:
        log.error("cannot fetch the keys: %s", error)
        raise HTTPException(503, "the keys cannot be fetched", headers={"Retry-After": "5"}) from error
    except jwt.PyJWTError as error:
        # %r, because the reason can have text of the token's header, and line breaks. It never has the token.
        log.warning("rejected a token: %r; wanted: iss %s, aud %s", error, ISSUER, AUDIENCE)
        raise unauthorized("the token is not valid") from error
    return User(id=claims["sub"], session=claims.get("sid"), email=claims.get("email"))


@app.get("/me")
def me(user: Annotated[User, Depends(get_current_user)]) -> User:
    return user
