import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    """A request that waits half a minute for news tells no more than one that waits half a second."""
    body = case.body
    if case.operation.path == "/api/v1/sync" and isinstance(body, dict):
        wait = body.get("wait")
        if isinstance(wait, (int, float)) and not isinstance(wait, bool) and 1 < wait <= 30:
            body["wait"] = wait / 60
