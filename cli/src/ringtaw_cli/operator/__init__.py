"""The commands of operators: nouns, verbs, arguments and options are those of MarbleRun's CLI.

What is data goes to stdout in MarbleRun's very form, so that scripts move by another program's
name; every sentence goes to stderr.
"""
