"""An API that accepts Xenon's tokens, with FastAPI and PyJWT."""

import os
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

ISSUER = os.environ["XENON_ISSUER"]  # such as https://learn.example.com
AUDIENCE = os.environ.get("XENON_AUDIENCE", ISSUER)

# PyJWKClient fetches the keys for the first token, then every five minutes, and for a token with an unknown key.
keys = jwt.PyJWKClient(ISSUER.rstrip("/") + "/.well-known/jwks.json", lifespan=300, timeout=5)
bearer = HTTPBearer(auto_error=False)
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
            leeway=10,  # seconds by which the clocks may differ
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except jwt.PyJWKClientConnectionError as error:
        raise HTTPException(503, "the keys cannot be fetched", headers={"Retry-After": "5"}) from error
    except jwt.PyJWTError as error:
        raise unauthorized("the token is not valid") from error
    return User(id=claims["sub"], session=claims.get("sid"), email=claims.get("email"))


@app.get("/me")
def me(user: Annotated[User, Depends(get_current_user)]) -> User:
    return user
