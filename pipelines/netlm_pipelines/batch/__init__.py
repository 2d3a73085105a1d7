"""Many studies: a batch that loses nothing, on one machine or a cluster. Read ``flow.py`` first.

Nothing is imported here: the child process of each study begins in this package and has to begin quickly.
"""
