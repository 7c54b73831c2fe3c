"""The HeyGen v3 API, as the executor wants to see it: one request, one reply, nothing blurred."""
