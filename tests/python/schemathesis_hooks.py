"""What schemathesis cannot know of respo: texts with a form of their own, leases to act on, and rules that no schema
can say."""

import os

import requests
import schemathesis
from hypothesis import strategies as st

URL = os.environ["RESPO_URL"]

# Valid wherever a duration is: at least the shortest ttl, no longer than the longest wait, and soon over.
schemathesis.openapi.format("respo-duration", st.sampled_from(["1s", "1", "1s500ms", "1500ms"]))

# Expressions in the Common Expression Language that are true or false of a resource.
schemathesis.openapi.format(
    "cel", st.sampled_from(["true", 'name == "bench-1"', '"can" in attributes', "size(entities) > 0"])
)

# Properties and entity patterns as the query string has them.
schemathesis.openapi.format(
    "respo-property", st.sampled_from(["gsm.operator=GTE", "slots=4", 'firmware="1.10"', "radios=[gsm,lte]"])
)
schemathesis.openapi.format("respo-entities", st.sampled_from(["[arm64]", "[[arm64],[jtag]]", "[jtag,{slots=4}]"]))

# In the place of this id a call gets that of a lease or of a waiting request of its own, and the token of it.
ANY = 1
_made = 0


def _create(key):
    body = {"requirements": [{"keys": [key]}], "ttl": "60s"}
    response = requests.post(f"{URL}/v1/leases", json=body, timeout=10)
    response.raise_for_status()
    return response.json()


@schemathesis.hook
def before_call(context, case, kwargs):
    global _made
    parameters = case.path_parameters or {}
    if not case.path.startswith("/v1/") or str(parameters.get("id")) != str(ANY):
        return
    _made += 1
    key = f"made-{os.getpid()}-{_made}"
    made = _create(key)
    if case.path.startswith("/v1/requests/"):
        made = _create(key)
    elif case.operation.definition.raw.get("operationId") == "disallow_guest":
        headers = {"Authorization": f"Bearer {made['token']}"}
        guest = {"who": "bob"}
        requests.post(f"{URL}/v1/leases/{made['id']}/allow", json=guest, headers=headers, timeout=10)
    parameters["id"] = made["id"]
    query = case.query or {}
    if "fence" in query and str(query["fence"]) == str(ANY):
        query["fence"] = made.get("fence", ANY)
    # A call that is to be made without a token, or with another one, is left so.
    for headers in (case.headers, kwargs.get("headers")):
        if headers and headers.get("Authorization") == f"Bearer {os.environ['RESPO_TOKEN']}":
            headers["Authorization"] = f"Bearer {made['token']}"


# What makes a request that fits the schema one that cannot be taken: in the words of the answer.
BEYOND_SCHEMAS = (
    # One parameter or key goes with another.
    "it goes with wait only",
    "it goes with revision only",
    "and none belongs here",
    # Several requirements, or the keys and the count of one, do not fit together.
    "in another requirement already",
    "asks for at most 256 resources",
    "at most 4 different stacks",
    " keys",
    "at most 64 properties",
    "is given twice",
    # An inventory of other pools than those that run, and what else its own schema says that it cannot say.
    "nothing was changed",
)
CODES_BEYOND_SCHEMAS = ("gone", "key_reused", "over_limit")


@schemathesis.hook
def filter_failure(context, failure, case, response):
    kind = type(failure).__name__
    if kind == "IgnoredAuth":
        # The call is made again without its token, but with the id of a lease that the first one has ended.
        return not (case.method == "DELETE" and ("got `404" in failure.message or "got `410" in failure.message))
    if kind != "RejectedPositiveData":
        return True
    problem = response.json()
    if problem["code"] in CODES_BEYOND_SCHEMAS:
        return False
    return not any(words in problem["detail"] for words in BEYOND_SCHEMAS)
