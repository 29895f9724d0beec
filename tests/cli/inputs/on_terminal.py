"""Runs a command on a terminal of its own and prints what it writes there, so that tests see colours.
  on_terminal.py COMMAND ARGUMENT...
"""
import pty
import sys

pty.spawn(sys.argv[1:])
