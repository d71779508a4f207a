"""A fleet of Discord persona bots: one supervised process per bot, one shared SQLite file.

Where things live, from the bottom up (a module imports only from layers below it):

- layer 0: ``errors``, ``clock``, ``home``; ``conversation`` (the pure rules)
- layer 1: ``config`` (what the files say), ``store`` (the shared file), ``importing`` (older copies of
  it), ``responder`` (makes text)
- layer 2: ``runtime`` (one bot), ``supervise`` (supervisord), ``sandbox`` (Discord on loopback)
- layer 3: ``runtime.client``, ``runtime.wiring``, ``runtime.process`` (one process), ``cli``
"""

__version__ = "0.1.0"
