"""A workload replayed under a policy's envelopes: who starts when, who borrows, who is stopped.

`pool` says what is replayed and what comes out, `plain` defines the result in readable Python,
`loop` is the same rules over arrays, which `compiled` turns into machine code where it can.
"""
