"""A stand-in telephone company for the demo and the tests: own process, own store, own signing."""
