"""Fine-tuning that somebody else's machine does: files in, a job, its events, a model that is asked through an API.

jsonl.py      labelled texts <-> the lines that are sent; what is wrong with them; tokens and cost
service.py    the `openai` client: one place for address, key, retries and errors in words
job.py        a hosted job as a Run: the same live figure, the same metrics
follower.py   what the service reports of a job, as the same events
asker.py      the tuned model, asked through the API
server.py     the same endpoints on this machine, for lessons without a network or a key: HTTP
endpoints.py  what they do
tuning.py     what that server does with a job
"""
